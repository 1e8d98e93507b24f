"""The power laws of DPL (Kadra et al. 2023) computed by PyTorch, independently of the package under test:

    bash ../install.sh hpo4dl
    .venv/bin/python power_laws.py > ../../../Tests/OuterloopSearchTests/Golden/dpl.json

One network of 2 x 128 units with leaky rectifiers, whose output is taken for y(t) = a + silu(b) t^-silu(g); mean absolute
error, Adam with rate 1e-3, all 40 rows in one batch. 30 epochs from scratch, then 10 with a new Adam and the last
row once more in the batch. The k-th parameter of a layer of n inputs begins at sin(k) / sqrt(n), k counted over all
layers, weights (inputs by rows) before biases.
"""
import json
import math

import torch

INPUTS, ROWS, EPOCHS, SCRATCH, REFINING = 3, 40, 27, 30, 10


def network():
    layers = [torch.nn.Linear(INPUTS, 128), torch.nn.Linear(128, 128), torch.nn.Linear(128, 3)]
    k = 0
    with torch.no_grad():
        for layer in layers:
            inputs = layer.weight.shape[1]
            for parameter, isWeight in ((layer.weight, True), (layer.bias, False)):
                values = [math.sin(k + i) / math.sqrt(inputs) for i in range(parameter.numel())]
                k += parameter.numel()
                values = torch.tensor(values)
                parameter.copy_(values.reshape(inputs, -1).T if isWeight else values)
    return torch.nn.Sequential(layers[0], torch.nn.LeakyReLU(), layers[1], torch.nn.LeakyReLU(), layers[2])


def curve(net, x, t):
    a, b, g = net(x).T
    return a + torch.nn.functional.silu(b) * t ** -torch.nn.functional.silu(g)


def train(net, x, t, y, epochs):
    adam, losses = torch.optim.Adam(net.parameters(), lr=1e-3), []
    for _ in range(epochs):
        adam.zero_grad()
        loss = torch.nn.functional.l1_loss(curve(net, x, t), y)
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    x = torch.tensor([[round(math.sin(1 + 3 * i + j) / 2, 6) for j in range(INPUTS)] for i in range(ROWS)])
    epochs = torch.tensor([float(1 + 7 * i % EPOCHS) for i in range(ROWS)])
    t = epochs / EPOCHS
    y = torch.tensor([round(float(x[i, 0] ** 2 + 0.3 / epochs[i]), 6) for i in range(ROWS)])
    net = network()
    scratch = train(net, x, t, y, SCRATCH)
    again = [*range(ROWS), ROWS - 1]
    refining = train(net, x[again], t[again], y[again], REFINING)
    with torch.no_grad():
        final = curve(net, x, torch.ones(ROWS))
    print(json.dumps({
        "fullEpochs": EPOCHS, "x": x.flatten().tolist(), "epochs": epochs.tolist(), "y": y.tolist(),
        "scratch": scratch, "refining": refining, "final": final.tolist()}))


if __name__ == "__main__":
    main()
