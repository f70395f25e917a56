# SPDX-License-Identifier: GPL-3.0-or-later
# Asked by recoscope_bench where PyTorch is installed: seconds of an epoch of LightGCN, 64 factors, 3 layers, on random
# interactions of the same size. As an epoch takes minutes there, some batches are timed and the rest reckoned.
# usage: lightgcn_torch.py USERS ITEMS INTERACTIONS THREADS BATCH
import sys
import time

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F

users, items, interactions, threads, batch = (int(word) for word in sys.argv[1:6])
torch.set_num_threads(threads)
torch.manual_seed(1)
generator = np.random.default_rng(1)
# Popular items are popular, as in real data: the product's speed depends on it.
popularity = 1.0 / (np.arange(items) + 20.0)
rows = generator.integers(users, size=interactions)
cols = generator.choice(items, size=interactions, p=popularity / popularity.sum())
chosen = sp.csr_matrix((np.ones(interactions, np.float32), (rows, cols)), shape=(users, items))
chosen.data[:] = 1.0
graph = sp.bmat([[None, chosen], [chosen.T, None]]).tocsr()
degree = np.maximum(graph.sum(1), 1.0)
scale = sp.diags(np.asarray(degree).ravel() ** -0.5)
graph = (scale @ graph @ scale).tocsr().astype(np.float32)


def as_torch(kind):
    if kind == "csr":
        return torch.sparse_csr_tensor(
            torch.from_numpy(graph.indptr.astype(np.int64)),
            torch.from_numpy(graph.indices.astype(np.int64)),
            torch.from_numpy(graph.data),
            size=graph.shape,
        )
    coo = graph.tocoo()
    places = torch.from_numpy(np.stack([coo.row, coo.col]).astype(np.int64))
    return torch.sparse_coo_tensor(places, torch.from_numpy(coo.data), coo.shape).coalesce()


class Product(torch.autograd.Function):
    """The graph is symmetric, so the gradient is the same product: PyTorch's own backward transposes first."""

    @staticmethod
    def forward(context, matrix, dense):
        context.matrix = matrix
        return matrix @ dense

    @staticmethod
    def backward(context, gradient):
        return None, context.matrix @ gradient


def seconds_a_batch(matrix):
    table = torch.nn.Parameter(0.1 * torch.randn(users + items, 64))
    optimiser = torch.optim.Adam([table], lr=1e-3)
    seconds = []
    for _ in range(4):
        pick = torch.randint(interactions, (batch,)).numpy()
        u = torch.from_numpy(rows[pick])
        i = users + torch.from_numpy(cols[pick])
        j = users + torch.randint(items, (batch,))
        start = time.perf_counter()
        layer = table
        layers = [table]
        for _ in range(3):
            layer = Product.apply(matrix, layer)
            layers.append(layer)
        final = sum(layers) / 4.0
        loss = F.softplus((final[u] * (final[j] - final[i])).sum(1)).mean()
        loss = loss + 1e-4 * 0.5 * (table[u] ** 2 + table[i] ** 2 + table[j] ** 2).sum() / batch
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[1:])[1]


best = min(seconds_a_batch(as_torch(kind)) for kind in ("csr", "coo"))
print(best * -(-interactions // batch))
