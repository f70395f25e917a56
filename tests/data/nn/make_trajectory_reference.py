# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes trajectory_reference.json: how a small variational autoencoder is trained by PyTorch, in double, which
tst_trajectory repeats.

python3 make_trajectory_reference.py > trajectory_reference.json
The committed figures were made with Debian's PyTorch 1.13.1 on the CPU.

Five users, seven items; the history divided by its length; tanh(7 -> 4); mean and log-variance of a code of 3; tanh(3 -> 4);
7 linear outputs. Loss: multinomial likelihood + beta KL, meaned over the batch. Steps take the users 0 1 2 and 2 3 4 in turn,
so that each step leaves items out whose weights only move by their moments and their decay. No noise: the code is its mean.
Weights are sin of a running number, so that nothing has to be exchanged but these figures.
"""
import json
import math

import torch

torch.set_default_dtype(torch.float64)

HISTORIES = [[0, 1, 3], [1, 2], [0, 2, 3, 5], [3, 5], [0, 4, 5, 6]]
ITEMS, HIDDEN, CODE = 7, 4, 3
RATE, DECAY, STEPS, KEPT = 0.05, 0.03, 5, (1, 2, 5)


def weights(number, rows, cols):
    values = [[0.6 * math.sin(1.0 + number + 0.7 * (row * cols + col)) for col in range(cols)] for row in range(rows)]
    return torch.tensor(values, requires_grad=True)


PARAMETERS = {
    "encoder.0.weight": weights(0, ITEMS, HIDDEN),
    "encoder.0.bias": weights(1, 1, HIDDEN),
    "encoder.1.weight": weights(2, HIDDEN, CODE),
    "encoder.1.bias": weights(3, 1, CODE),
    "encoder.log_variance.weight": weights(4, HIDDEN, CODE),
    "encoder.log_variance.bias": weights(5, 1, CODE),
    "decoder.0.weight": weights(6, HIDDEN, CODE),  # outputs x inputs
    "decoder.0.bias": weights(7, 1, HIDDEN),
    "decoder.1.weight": weights(8, ITEMS, HIDDEN),  # outputs x inputs
    "decoder.1.bias": weights(9, 1, ITEMS),
}


def losses(users, beta):
    x = torch.zeros(len(users), ITEMS)
    for row, user in enumerate(users):
        x[row, HISTORIES[user]] = 1.0
    p = PARAMETERS
    h = torch.tanh((x / x.norm(dim=1, keepdim=True)) @ p["encoder.0.weight"] + p["encoder.0.bias"])
    mean = h @ p["encoder.1.weight"] + p["encoder.1.bias"]
    log_variance = h @ p["encoder.log_variance.weight"] + p["encoder.log_variance.bias"]
    g = torch.tanh(mean @ p["decoder.0.weight"].T + p["decoder.0.bias"])
    y = g @ p["decoder.1.weight"].T + p["decoder.1.bias"]
    reconstruction = -(x * torch.log_softmax(y, dim=1)).sum(dim=1).mean()
    kl = (0.5 * (log_variance.exp() + mean ** 2 - 1 - log_variance).sum(dim=1)).mean()
    return reconstruction, kl, reconstruction + beta * kl


def numbers(tensors):
    return {name: tensor.detach().reshape(-1).tolist() for name, tensor in tensors.items()}


def main():
    decayed = [tensor for name, tensor in PARAMETERS.items() if name.endswith("weight")]
    others = [tensor for name, tensor in PARAMETERS.items() if name.endswith("bias")]
    adam = torch.optim.Adam([{"params": decayed, "weight_decay": DECAY}, {"params": others}], lr=RATE)
    result = {"steps": []}
    for step in range(1, STEPS + 1):
        beta = 0.1 * step
        adam.zero_grad()
        reconstruction, kl, loss = losses([0, 1, 2] if step % 2 else [2, 3, 4], beta)
        loss.backward()
        entry = {"reconstruction": reconstruction.item(), "kl": kl.item(), "loss": loss.item(),
                 "gradients": numbers({name: tensor.grad for name, tensor in PARAMETERS.items()})}
        adam.step()
        if step in KEPT:
            entry["parameters"] = numbers(PARAMETERS)
        result["steps"].append(entry)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
