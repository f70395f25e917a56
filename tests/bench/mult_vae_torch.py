# SPDX-License-Identifier: GPL-3.0-or-later
# Asked by recoscope_bench where PyTorch is installed: seconds of an epoch of Mult-VAE 600/200, batch 500, on random
# histories of the same size. usage: mult_vae_torch.py USERS ITEMS INTERACTIONS THREADS
import os
import sys
import time

os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
import torch
import torch.nn.functional as F

users, items, interactions, threads = (int(word) for word in sys.argv[1:5])
torch.set_num_threads(threads)
torch.manual_seed(1)
rows = torch.randint(users, (interactions,))
cols = torch.randint(items, (interactions,))
data = torch.zeros(users, items)
data[rows, cols] = 1.0

encoder = torch.nn.Linear(items, 600)
heads = torch.nn.Linear(600, 400)
decoder = torch.nn.Linear(200, 600)
output = torch.nn.Linear(600, items)
layers = [encoder, heads, decoder, output]
optimiser = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=1e-3)


def step(x):
    h = torch.tanh(encoder(F.dropout(F.normalize(x), 0.5)))
    mean, log_variance = heads(h).split(200, dim=1)
    z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
    y = output(torch.tanh(decoder(z)))
    loss = -(F.log_softmax(y, 1) * x).sum(1).mean()
    loss = loss + 0.2 * (-0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


seconds = []
for epoch in range(4):
    order = torch.randperm(users)
    start = time.perf_counter()
    for batch in order.split(500):
        step(data[batch])
    seconds.append(time.perf_counter() - start)
print(sorted(seconds[1:])[1])
