"""Tunes the training of a timm model by `outerloop tune`, with any of its schedulers.

    python timm_main.py --dataset torch/cifar100 --train-split train --val-split validation --optimizer dyhpo \\
        --output-dir ./results

The same command goes on with a search that was interrupted, whatever ended it, and with a larger --max-budget one
that is done. timm_train.py is what each trial runs.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import timm_train

STUDY = "timm"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    timm_train.add_data_options(parser)
    parser.add_argument("--models", nargs="+", default=["mobilevit_xxs", "dla60x_c", "edgenext_xx_small"],
                        metavar="NAME", help="models of timm to choose from (default: %(default)s)")
    parser.add_argument("--optimizer", default="auto",
                        help="what decides which trials are trained how far: a scheduler of outerloop (default: auto)")
    parser.add_argument("--max-epochs", type=int, default=27, help="epochs of a full training (default: 27)")
    parser.add_argument("--max-budget", type=int, default=1000, help="epochs over all trials (default: 1000)")
    parser.add_argument("--parallel", type=int, default=1, help="trials at the same time (default: 1)")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--output-dir", default="./results", help="where results go (default: ./results)")
    parser.add_argument("--storage-dir", help="where the study and its checkpoints are kept (default: OUTPUT-DIR.study)")
    parser.add_argument("--outerloop", default=os.environ.get("OUTERLOOP", "outerloop"),
                        help="the command (default: the variable OUTERLOOP, else outerloop)")
    return parser.parse_args()


def space(models):
    """The hyperparameters, as --param takes them."""
    return [
        f"model=choice({', '.join(models)})",
        "opt=choice(sgd, adam)",
        "lr=log(1e-5, 1)",
        "momentum=float(0.1, 0.99) if opt == sgd",
        "weight_decay=log(1e-5, 1)",
        "warmup=int(0, 3)",
        "drop=float(0, 0.5)",
        "smoothing=float(0, 0.3)",
    ]


def training_command(args):
    """What a trial runs: {name} becomes its value of that hyperparameter."""
    program = pathlib.Path(timm_train.__file__).resolve()
    words = [sys.executable, str(program), "--dataset", args.dataset, "--data-dir", args.data_dir,
             "--train-split", args.train_split, "--val-split", args.val_split,
             "--batch-size", args.batch_size, "--workers", args.workers]
    for option, value in [("--img-size", args.img_size), ("--device", args.device)]:
        words += [option, value] if value else []
    words += ["--amp"] if args.amp else []
    for name in ["model", "opt", "lr", "momentum", "weight_decay", "warmup", "drop", "smoothing"]:
        words += ["--" + name.replace("_", "-"), "{" + name + "}"]
    # The schedule of the learning rate needs all epochs; {from} and {to} are what is to be trained now.
    words += ["--epochs", args.max_epochs, "--from", "{from}", "--to", "{to}", "--checkpoint", "{checkpoint}",
              "--seed", "{seed}"]
    return [str(word) for word in words]


def definition(args):
    """What makes the search the one that it is; with anything else it would be another."""
    names = ["dataset", "data_dir", "train_split", "val_split", "img_size", "batch_size", "models", "optimizer",
             "max_epochs", "seed"]
    return {name: getattr(args, name) for name in names}


def check_same(args, path):
    """Ends with the options that differ from those of the study that is there."""
    (wanted, known) = (definition(args), json.loads(path.read_text()))
    changed = [f"--{name.replace('_', '-')} was {known.get(name)}" for name in wanted if wanted[name] != known.get(name)]
    if changed:
        raise SystemExit(f"{path.parent} has a study with other options: {', '.join(changed)}; name another --output-dir")


def main():
    args = parse()
    outerloop = shutil.which(args.outerloop)
    if not outerloop:
        raise SystemExit(f"there is no command {args.outerloop}; name it by --outerloop, or put it on the PATH")
    for name in args.models:
        if not timm_train.timm.is_model(name):
            raise SystemExit(f"timm has no model {name}; timm.list_models() says which there are")
    args.data_dir = str(pathlib.Path(args.data_dir).resolve())
    # Before any trial: downloads what is not there, and says what is wrong with it.
    timm_train.open_data(args)
    output = os.path.normpath(args.output_dir)
    storage = pathlib.Path(args.storage_dir or output + ".study")
    storage.mkdir(parents=True, exist_ok=True)
    (store, arguments) = (str(storage / "outerloop.db"), storage / "arguments.json")
    place = ["--study", STUDY, "--store", store]
    budget = ["--total-epochs", str(args.max_budget), "--parallel", str(args.parallel)]
    if has_study(outerloop, store):
        check_same(args, arguments)
        command = [outerloop, "resume", *place, *budget]
    else:
        arguments.write_text(json.dumps(definition(args), indent=2) + "\n")
        parameters = [word for declaration in space(args.models) for word in ["--param", declaration]]
        command = [outerloop, "tune", *place, "--output", output, *parameters, "--maximize", "accuracy", "--scheduler",
                   args.optimizer, "--epochs", str(args.max_epochs), "--seed", str(args.seed), *budget, "--",
                   *training_command(args)]
    # This process becomes outerloop: Ctrl-C and other signals reach it.
    os.execv(outerloop, command)


def has_study(outerloop, store):
    if not os.path.exists(store):
        return False
    answer = subprocess.run([outerloop, "studies", "--store", store, "--json"], check=True, capture_output=True)
    return any(study["study"] == STUDY for study in json.loads(answer.stdout))


if __name__ == "__main__":
    main()
