"""The training examples and labels of the generalized greedy paper's noisy-label experiments.

1,000 of MNIST's 60,000 training pictures, drawn by NumPy's legacy generator from seed 0; each then gets
with probability p a label drawn from all ten classes, which may be its own.

    python3 Benchmarks/noisy_labels_choice.py MNIST_FOLDER 0.3 > choice.csv
    outerloop lab noisy-labels --data MNIST_FOLDER --choice choice.csv
"""

import gzip
import pathlib
import sys

import numpy as np


def labels(folder):
    for name in ("train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte"):
        path = pathlib.Path(folder) / name
        if path.exists():
            read = gzip.open if name.endswith(".gz") else open
            with read(path, "rb") as file:
                return np.frombuffer(file.read(), np.uint8, offset=8)
    sys.exit(f"error: {folder}: no train-labels-idx1-ubyte; outerloop data fetch mnist")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    true = labels(sys.argv[1])
    share = float(sys.argv[2])
    generator = np.random.RandomState(0)
    chosen = generator.choice(len(true), 1000, replace=False)
    print("train_index,true_label,given_label")
    for index in chosen:
        given = true[index]
        if generator.uniform() < share:
            given = generator.randint(10)
        print(f"{index},{true[index]},{given}")


if __name__ == "__main__":
    main()
