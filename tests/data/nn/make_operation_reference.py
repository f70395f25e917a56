# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes operation_reference.json: what PyTorch computes, in double, for operations that tst_operations repeats.

python3 make_operation_reference.py > operation_reference.json
The committed figures were made with Debian's PyTorch 1.13.1 on the CPU. Matrices are rows x columns; a sequence of T rows an
example lies with its examples one below the other.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(7)


def matrix(tensor):
    tensor = tensor.detach()
    tensor = tensor.reshape(1, -1) if tensor.dim() < 2 else tensor.reshape(-1, tensor.shape[-1])
    return {"rows": tensor.shape[0], "cols": tensor.shape[1], "data": tensor.reshape(-1).tolist()}


def case(**tensors):
    return {name: matrix(tensor) for name, tensor in tensors.items()}


def layer_norm():
    x, gain, bias = torch.randn(3, 5), torch.randn(5), torch.randn(5)
    return case(x=x, gain=gain, bias=bias, y=F.layer_norm(x, (5,), gain, bias, 1e-5))


def batch_norm():
    x, layer = torch.randn(4, 5) * 2 + 1, nn.BatchNorm1d(5, eps=1e-5, momentum=0.1)
    layer.weight.data, layer.bias.data = torch.randn(5), torch.randn(5)
    trained = layer(x)
    mean, variance = layer.running_mean.clone(), layer.running_var.clone()
    layer.eval()
    return case(x=x, gain=layer.weight, bias=layer.bias, y=trained, running_mean=mean, running_variance=variance,
                y_in_use=layer(x))


def gru():
    # The second example is shorter: its state is that after its last event.
    layer, x = nn.GRU(3, 4, batch_first=True), torch.randn(2, 5, 3)
    packed = nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True)
    _, last = layer(packed)
    states, _ = layer(x)
    return case(x=x, input=layer.weight_ih_l0.T, recurrent=layer.weight_hh_l0.T, input_bias=layer.bias_ih_l0,
                recurrent_bias=layer.bias_hh_l0, states=states, last=last[0])


def attention():
    layer, x = nn.MultiheadAttention(6, 2, batch_first=True), torch.randn(2, 4, 6)
    layer.in_proj_bias.data, layer.out_proj.bias.data = torch.randn(18), torch.randn(6)
    padding = torch.tensor([[False] * 4, [False, False, False, True]])
    later = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1)
    y, _ = layer(x, x, x, key_padding_mask=padding, attn_mask=later)
    query, key, value = layer.in_proj_weight.chunk(3)
    query_bias, key_bias, value_bias = layer.in_proj_bias.chunk(3)
    return case(x=x, query=query.T, key=key.T, value=value.T, output=layer.out_proj.weight.T, query_bias=query_bias,
                key_bias=key_bias, value_bias=value_bias, output_bias=layer.out_proj.bias,
                mask=(~padding).double().reshape(8, 1), y=y)


def conv1d():
    x, weight, bias = torch.randn(2, 7, 3), torch.randn(2, 3, 3), torch.randn(2)
    channels = x.transpose(1, 2)
    plain = F.conv1d(channels, weight, bias, dilation=2)
    same = F.conv1d(channels, weight, bias, dilation=2, padding="same")
    causal = F.conv1d(F.pad(channels, (4, 0)), weight, bias, dilation=2)
    even_weight = torch.randn(2, 3, 4)
    even = F.conv1d(channels, even_weight, bias, padding="same")
    return case(x=x, weight=weight.permute(2, 1, 0), bias=bias, none=plain.transpose(1, 2), same=same.transpose(1, 2),
                causal=causal.transpose(1, 2), even_weight=even_weight.permute(2, 1, 0), even=even.transpose(1, 2))


def composite_prior():
    z, mean, old_mean = torch.randn(3, 4), torch.randn(3, 4), torch.randn(3, 4)
    log_variance, old_log_variance = torch.randn(3, 4), torch.randn(3, 4)
    normal = torch.distributions.Normal
    weights = torch.tensor([[0.5], [1.0], [2.0]])
    densities = torch.stack([normal(0.0, 1.0).log_prob(z) + torch.tensor(3 / 20).log(),
                             normal(old_mean, (old_log_variance / 2).exp()).log_prob(z) + torch.tensor(3 / 4).log(),
                             normal(0.0, torch.tensor(5.0).exp()).log_prob(z) + torch.tensor(1 / 10).log()])
    posterior = normal(mean, (log_variance / 2).exp()).log_prob(z)
    loss = ((posterior - densities.logsumexp(0)).sum(1, keepdim=True) * weights).mean()
    between = torch.distributions.kl_divergence(normal(mean, (log_variance / 2).exp()),
                                                normal(old_mean, (old_log_variance / 2).exp()))
    return case(z=z, mean=mean, log_variance=log_variance, old_mean=old_mean, old_log_variance=old_log_variance,
                weights=weights, loss=loss, between=(between.sum(1, keepdim=True) * weights).mean())


def logistic():
    y, x, scale = torch.randn(3, 5), torch.tensor([[0.0, 1, 0, 2, 0], [0.0] * 5, [1.5, 0, 0, 0, -1]]), 0.7
    d = torch.distributions
    base = d.TransformedDistribution(d.Uniform(torch.tensor(0.0), torch.tensor(1.0)), [d.SigmoidTransform().inv])
    density = base.log_prob((x - y) / scale) - torch.tensor(scale).log()
    return case(y=y, x=x, loss=-density.sum(1).mean())


def adversarial():
    logits = torch.randn(4, 1)
    return case(logits=logits, real=F.binary_cross_entropy_with_logits(logits, torch.full((4, 1), 0.9)),
                fake=F.binary_cross_entropy_with_logits(logits, torch.zeros(4, 1)))


made = {make.__name__: make() for make in (layer_norm, batch_norm, gru, attention, conv1d, composite_prior, logistic,
                                           adversarial)}
print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(tensors)}" for name, tensors in made.items()) + "}")
