"""Records updates of HPO4DL's DyHPO: initial parameters, losses, predictions, choices.

    bash ../install.sh hpo4dl
    .venv/bin/python record.py > ../../../Tests/OuterloopSearchTests/Golden/dyhpo.json

A search of 30 configurations of 12 epochs goes on for eleven updates. What to train is suggested by HPO4DL, but
each suggestion is followed by two further epochs of the best trial so far, so that there are curves. The last update
from new random parameters (the tenth) and the first that refines them (the eleventh) are recorded, in 64 bits, with
initial parameters that are rounded to six decimals; and the first losses of the tenth in 32 bits, as HPO4DL computes.
A training from new parameters is of 100 steps instead of 1,000, over which rounding grows to some hundredths of a
prediction. Parameters are in the order of KernelNetwork, values are accuracies, to be maximized.
"""
import json
import sys

import gpytorch
import torch

import peer

CONFIGURATIONS, EPOCHS, UPDATES, STEPS = 30, 12, 11, 100


class Recording:
    def __init__(self):
        self.losses, self.initial = [], []
        self.predictions = None
        mll, model = gpytorch.mlls.ExactMarginalLogLikelihood, peer.surrogate.DyHPO
        forward, restart, predict = mll.forward, model.restart_optimization, model.predict_pipeline

        def forward_recorded(this, *arguments, **others):
            result = forward(this, *arguments, **others)
            self.losses.append(-float(result))
            return result

        def restart_rounded(this):
            restart(this)
            with torch.no_grad():
                for parameter in this.feature_extractor.parameters():
                    rounded = [float(f"{v:.6f}") for v in parameter.flatten().tolist()]
                    parameter.copy_(torch.tensor(rounded).reshape(parameter.shape))
            # Its derivative is 0, as the normalization takes it out; rounding would move it as fast as all others.
            this.feature_extractor.fc1.bias.register_hook(torch.zeros_like)
            self.initial = flat(this.feature_extractor)
            self.losses.clear()

        def predict_recorded(this, *arguments):
            self.predictions = predict(this, *arguments)
            return self.predictions

        mll.forward = forward_recorded
        model.restart_optimization = restart_rounded
        model.predict_pipeline = predict_recorded


def flat(network):
    """In the order A, a, scale, offset, C, c, B, b; matrices from inputs to outputs."""
    parts = [network.fc1.weight.T, network.fc1.bias, network.bn1.weight, network.bn1.bias,
             network.cnn[0].weight[:, 0, :].T, network.cnn[0].bias, network.fc2.weight.T, network.fc2.bias]
    return [round(v, 6) for part in parts for v in part.flatten().tolist()]


def update(recording, made):
    """What the last update computed, and what is suggested after it."""
    losses = list(recording.losses)
    candidates = made.generate_candidate_configurations()
    chosen, epoch = made.suggest()
    means, deviations = recording.predictions
    kernel, noise = made.model.model.covar_module, made.model.likelihood.noise
    return {
        "losses": losses,
        "kernel": [made.model.model.mean_module.constant.item(), kernel.outputscale.item(),
                   kernel.base_kernel.lengthscale.item(), noise.item()],
        "places": [int(place) for place in candidates[1]], "epochs": [int(e) for e in candidates[2]],
        "means": means.tolist(), "deviations": deviations.tolist(),
        "chosen": int(chosen[0]), "epoch": int(epoch[0]),
    }


def main():
    recording = Recording()
    made, manager = peer.optimizer(CONFIGURATIONS, EPOCHS, double=True)
    made.surrogate_config["nr_epochs"] = STEPS
    history, updates, initial = [], [], []
    chosen, epoch = made.suggest()
    for count in range(1, UPDATES + 1):
        recording.losses.clear()
        value = peer.observe(made, manager, int(chosen[0]), int(epoch[0]))
        history.append([int(chosen[0]), int(epoch[0]), value])
        print(f"update {count} of {UPDATES}", file=sys.stderr)
        if count >= UPDATES - 1:
            updates.append(update(recording, made))
            if count == UPDATES - 1:
                initial = list(recording.initial)
        if count % 3:
            best = max(made.performances, key=lambda place: max(made.performances[place]))
            chosen, epoch = [best], [len(made.performances[best]) + 1]
        else:
            chosen, epoch = made.suggest()

    single, manager = peer.optimizer(CONFIGURATIONS, EPOCHS, double=False)
    single.surrogate_config["nr_epochs"] = STEPS
    single.initial_random_index = 1
    for place, epoch, value in history[:-2]:
        single.examples.setdefault(place, []).append(epoch)
        single.performances.setdefault(place, []).append(value)
    place, epoch, value = history[-2]
    rounded = peer.surrogate.DyHPO.restart_optimization

    def restart_as_recorded(this):
        rounded(this)
        load(this.feature_extractor, initial)

    peer.surrogate.DyHPO.restart_optimization = restart_as_recorded
    peer.observe(single, manager, place, epoch, value)
    pool = [[round(float(v), 12) for v in row] for row in made.hp_candidates]
    json.dump({
        "epochs": EPOCHS, "pool": pool, "history": history, "initial": initial, "updates": updates,
        "singleLosses": recording.losses[:50],
    }, sys.stdout)
    print()


def load(network, values):
    parameters = [network.fc1.weight, network.fc1.bias, network.bn1.weight, network.bn1.bias,
                  network.cnn[0].weight, network.cnn[0].bias, network.fc2.weight, network.fc2.bias]
    first = 0
    with torch.no_grad():
        for parameter in parameters:
            part = torch.tensor(values[first:first + parameter.numel()])
            first += parameter.numel()
            if parameter.dim() == 1:
                parameter.copy_(part)
            elif parameter.dim() == 2:
                parameter.copy_(part.reshape(parameter.shape[1], parameter.shape[0]).T)
            else:
                parameter[:, 0, :] = part.reshape(parameter.shape[2], parameter.shape[0]).T


if __name__ == "__main__":
    main()
