"""Trains scikit-learn's network on its handwritten digits, an epoch at a time, and prints what each epoch came to.

    python sklearn_partial_fit.py --lr 0.01 --hidden 64

prints {"epoch": 1, "accuracy": 0.87, "loss": 0.49} and so on. With --checkpoint FOLDER it keeps the model after every
epoch, and goes on from there with --from EPOCH; without, it trains through all epochs in one go.
"""

import argparse
import json
import os
import pickle

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lr", type=float, default=0.001, help="learning rate")
    parser.add_argument("--solver", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--momentum", type=float, default=0.9, help="of sgd")
    parser.add_argument("--alpha", type=float, default=1e-4, help="weight decay")
    parser.add_argument("--hidden", type=int, default=64, help="units of a hidden layer")
    parser.add_argument("--layers", type=int, default=1, help="hidden layers")
    parser.add_argument("--batch", type=int, default=32, help="examples of a step")
    parser.add_argument("--activation", choices=["relu", "tanh", "logistic"], default="relu")
    parser.add_argument("--epochs", type=int, default=27, help="train through this epoch")
    parser.add_argument("--from", type=int, default=0, dest="start", help="go on after this epoch of the checkpoint")
    parser.add_argument("--checkpoint", help="folder to keep the model in, and to go on from")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def new_model(args):
    return MLPClassifier(
        hidden_layer_sizes=[args.hidden] * args.layers,
        activation=args.activation,
        solver=args.solver,
        alpha=args.alpha,
        batch_size=args.batch,
        learning_rate_init=args.lr,
        momentum=args.momentum,
        # A generator, not a number: with a number every call of partial_fit would shuffle alike.
        random_state=np.random.RandomState(args.seed),
    )


def save(model, epoch, path):
    """Another file first, then renamed: there is a whole checkpoint at any moment."""
    with open(path + ".part", "wb") as file:
        pickle.dump((epoch, model), file)
    os.replace(path + ".part", path)


def restore(path, epoch):
    with open(path, "rb") as file:
        saved, model = pickle.load(file)
    if saved != epoch:
        raise SystemExit(f"{path} holds epoch {saved}, and --from says {epoch}")
    return model


def main():
    args = parse()
    if args.start > 0 and not args.checkpoint:
        raise SystemExit("--from needs the --checkpoint to go on from")
    path = os.path.join(args.checkpoint, "model.pickle") if args.checkpoint else None
    images, labels = load_digits(return_X_y=True)
    x, held_x, y, held_y = train_test_split(images / 16, labels, train_size=1000, random_state=0, stratify=labels)
    model = restore(path, args.start) if args.start > 0 else new_model(args)
    for epoch in range(args.start + 1, args.epochs + 1):
        model.partial_fit(x, y, classes=range(10))
        probabilities = model.predict_proba(held_x)
        accuracy = float(np.mean(probabilities.argmax(axis=1) == held_y))
        loss = float(log_loss(held_y, probabilities, labels=range(10)))
        report = {"epoch": epoch, "accuracy": accuracy, "loss": loss}
        if path:
            # Saved before it is reported: an epoch that is known to be done is never trained again.
            save(model, epoch, path)
            report["checkpoint"] = path
        print(json.dumps(report), flush=True)


main()
