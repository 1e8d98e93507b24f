"""Trains a timm model to classify images, from one epoch through another, and keeps a checkpoint after each.

    python timm_train.py --dataset torch/cifar100 --data-dir data --model resnet10t --lr 0.05 --epochs 27 --to 3 \\
        --checkpoint run
    python timm_train.py ... --epochs 27 --from 3 --to 9 --checkpoint run      # goes on

prints {"epoch": 1, "accuracy": 0.31, "loss": 2.6, ...}, of the validation split. A training that rested goes on as if
it had not: weights, optimizer, schedule and random generators are kept.
"""

import argparse
import json
import os
import random
import re
import time

import numpy as np
import torch


def declare_missing_operators():
    """Where torchvision's compiled operators are made for another build of PyTorch than the one that is installed (CUDA
    beside CPU) its import fails, because it describes operators that are not there. They are for detecting objects,
    which no model here does: it is enough to declare them."""
    while True:
        try:
            import torchvision  # noqa: F401

            return
        except RuntimeError as error:
            missing = re.search(r"operator (torchvision::\w+) does not exist", str(error))
            if not missing:
                raise
            torch.library.define(missing[1], "(Tensor boxes, Tensor scores, float threshold) -> Tensor")


declare_missing_operators()
import timm  # noqa: E402
import timm.data  # noqa: E402
import timm.optim  # noqa: E402
import timm.scheduler  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_options(parser)
    parser.add_argument("--model", default="resnet10t", help="a name that timm.list_models() knows")
    parser.add_argument("--opt", default="sgd", help="an optimizer of timm: sgd, adam, adamw, ...")
    parser.add_argument("--lr", type=float, default=0.05, help="largest learning rate")
    parser.add_argument("--momentum", type=float, default=0.9, help="of sgd")
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--warmup", type=int, default=0, help="epochs over which the learning rate rises")
    parser.add_argument("--drop", type=float, default=0.0, help="dropout before the classifier")
    parser.add_argument("--smoothing", type=float, default=0.0, help="label smoothing")
    parser.add_argument("--epochs", type=int, default=27, help="epochs of a full training, for the schedule")
    parser.add_argument("--from", type=int, default=0, dest="start", help="go on after this epoch of the checkpoint")
    parser.add_argument("--to", type=int, help="the last epoch to train now (default: --epochs)")
    parser.add_argument("--checkpoint", help="folder to keep checkpoints in, and to go on from")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def add_data_options(parser):
    """What the launcher passes on: the data, and how a machine works on them."""
    parser.add_argument("--dataset", default="torch/cifar10", help="torch/NAME of torchvision, or folder: a folder of images for each class")
    parser.add_argument("--data-dir", default="./data", help="where the data are, or are downloaded to")
    parser.add_argument("--train-split", default="train")
    parser.add_argument("--val-split", default="validation")
    parser.add_argument("--img-size", type=int, help="side of the images in pixels (default: the model's)")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--workers", type=int, default=4, help="processes that read images")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: cuda if there is one)")
    parser.add_argument("--amp", action="store_true", help="compute in bfloat16 where that is safe")


def open_split(args, split):
    """A split of the data set. torchvision's are downloaded if they are not there."""
    downloads = {"download": True} if args.dataset.lower().startswith("torch/") else {}
    return timm.data.create_dataset(args.dataset, root=args.data_dir, split=split, **downloads)


def class_names(dataset):
    reader = getattr(dataset, "reader", None)
    return list(reader.class_to_idx) if reader else list(dataset.classes)


def open_data(args):
    """Both splits, and how many classes they have; a clear end where they are not what they should be."""
    try:
        splits = [open_split(args, split) for split in (args.train_split, args.val_split)]
    except (AssertionError, OSError, RuntimeError) as error:
        raise SystemExit(f"cannot read the data set {args.dataset} in {args.data_dir}: {str(error) or 'no such folder'}")
    roots = [dataset.reader.root for dataset in splits if hasattr(dataset, "reader")]
    if len(roots) == 2 and roots[0] == roots[1]:
        raise SystemExit(f"{args.data_dir} has no folders {args.train_split} and {args.val_split} with images of each class")
    names = [class_names(dataset) for dataset in splits]
    if names[0] != names[1]:
        raise SystemExit(f"the splits {args.train_split} and {args.val_split} of {args.data_dir} have different classes")
    return *splits, len(names[0])


class WithTransform(torch.utils.data.Dataset):
    """Images of a data set in colour and transformed, with their classes."""

    def __init__(self, dataset, transform):
        (self.dataset, self.transform) = (dataset, transform)

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        image, label = self.dataset[index]
        return self.transform(image.convert("RGB")), label


def loaders(args, model, train, validation):
    asked = {"input_size": (3, args.img_size, args.img_size)} if args.img_size else {}
    data = timm.data.resolve_data_config(asked, model=model)

    def loader(dataset, is_training):
        transform = timm.data.create_transform(**data, is_training=is_training)
        # Workers are started for each epoch: what they draw then follows from the generator that is kept.
        return torch.utils.data.DataLoader(
            WithTransform(dataset, transform), batch_size=args.batch_size, shuffle=is_training,
            drop_last=is_training and len(dataset) >= args.batch_size, num_workers=args.workers,
            pin_memory=args.device.startswith("cuda"))

    return loader(train, True), loader(validation, False)


class Training:
    """A model with all that changes while it is trained."""

    def __init__(self, args, classes):
        random.seed(args.seed)
        np.random.seed(args.seed % 2**32)
        torch.manual_seed(args.seed)
        (self.args, self.epoch) = (args, 0)
        self.device = torch.device(args.device)
        self.model = timm.create_model(args.model, num_classes=classes, drop_rate=args.drop).to(self.device)
        self.optimizer = timm.optim.create_optimizer_v2(
            self.model, opt=args.opt, lr=args.lr, weight_decay=args.weight_decay, momentum=args.momentum)
        # Made for all epochs, wherever this training rests: epoch 3 of 27 is the same in every trial.
        self.scheduler, _ = timm.scheduler.create_scheduler_v2(
            self.optimizer, sched="cosine", num_epochs=args.epochs, warmup_epochs=args.warmup,
            warmup_lr=args.lr / 10, min_lr=args.lr / 1000)
        self.scheduler.step(0)

    def forward(self, images, labels, smoothing=0.0):
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.args.amp):
            outputs = self.model(images.to(self.device, non_blocking=True))
        labels = labels.to(self.device, non_blocking=True)
        loss = torch.nn.functional.cross_entropy(outputs.float(), labels, label_smoothing=smoothing)
        return loss, (outputs.argmax(dim=1) == labels).sum()

    def train_epoch(self, loader):
        """The mean loss of the batches; NaN or infinity if it diverged."""
        self.model.train()
        losses = []
        for images, labels in loader:
            loss, _ = self.forward(images, labels, self.args.smoothing)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        self.epoch += 1
        self.scheduler.step(self.epoch)
        return torch.stack(losses).mean().item()

    @torch.inference_mode()
    def evaluate(self, loader):
        self.model.eval()
        total, right, count = 0.0, 0, 0
        for images, labels in loader:
            loss, hits = self.forward(images, labels)
            total += loss.item() * len(labels)
            right += hits.item()
            count += len(labels)
        return right / count, total / count

    def state(self):
        return {
            "epoch": self.epoch, "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(), "python": random.getstate(), "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def save(self, path):
        """Another file first, flushed to disk, then renamed: there is a whole checkpoint at any moment."""
        with open(path + ".part", "wb") as file:
            torch.save(self.state(), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".part", path)

    def restore(self, path):
        # Only of our own: a checkpoint is a pickle, which can run anything.
        state = torch.load(path, map_location="cpu", weights_only=False)
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        random.setstate(state["python"])
        np.random.set_state(state["numpy"])
        torch.set_rng_state(state["torch"])
        if len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])


def main():
    args = parse()
    args.device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if args.start > 0 and not args.checkpoint:
        raise SystemExit("--from needs the --checkpoint to go on from")
    path = os.path.join(args.checkpoint, "last.pth") if args.checkpoint else None
    train, validation, classes = open_data(args)
    training = Training(args, classes)
    train_loader, validation_loader = loaders(args, training.model, train, validation)
    if args.start > 0:
        training.restore(path)
        if training.epoch != args.start:
            raise SystemExit(f"{path} holds epoch {training.epoch}, and --from says {args.start}")
    while training.epoch < (args.to or args.epochs):
        began = time.monotonic()
        rate = training.optimizer.param_groups[0]["lr"]
        train_loss = training.train_epoch(train_loader)
        accuracy, loss = training.evaluate(validation_loader)
        report = {"epoch": training.epoch, "accuracy": accuracy, "loss": loss, "train_loss": train_loss, "rate": rate,
                  "seconds": time.monotonic() - began}
        if path:
            # Saved before it is reported: an epoch that is known to be done is never trained again.
            training.save(path)
            report["checkpoint"] = path
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
