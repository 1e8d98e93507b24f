"""Writes images from IDX files, such as MNIST's or Fashion-MNIST's, as PNGs in a folder for each class.

    python idx_to_folders.py FOLDER-WITH-IDX-FILES OUT --train 600 --validation 300

makes OUT/train/0/00000.png ... and OUT/validation/...: both from the training files, no image in both. It is what
`timm_main.py --dataset folder --data-dir OUT` reads.
"""

import argparse
import gzip
import pathlib
import struct

import numpy as np
from PIL import Image


def read_idx(folder, name):
    """The array of unsigned bytes in NAME or NAME.gz of a folder."""
    plain = folder / name
    packed = folder / (name + ".gz")
    if not plain.exists() and not packed.exists():
        raise SystemExit(f"{folder} has neither {name} nor {name}.gz")
    data = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise SystemExit(f"{folder / name} is no IDX file of bytes")
    header = 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:header])
    if len(data) - header != np.prod(shape, dtype=int):
        raise SystemExit(f"{folder / name} is cut off: it says {shape}")
    return np.frombuffer(data, dtype=np.uint8, offset=header).reshape(shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path, help="folder with train-images-idx3-ubyte and -labels-idx1-ubyte")
    parser.add_argument("out", type=pathlib.Path, help="folder to make; it must not be there")
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--validation", type=int, default=300)
    args = parser.parse_args()
    images = read_idx(args.source, "train-images-idx3-ubyte")
    labels = read_idx(args.source, "train-labels-idx1-ubyte")
    if args.out.exists():
        raise SystemExit(f"{args.out} is there already; name another folder")
    if args.train < 1 or args.validation < 1 or args.train + args.validation > len(images):
        raise SystemExit(f"there are {len(images)} images; ask for at least 1 of each split and no more than that")
    order = np.random.default_rng(0).permutation(len(images))
    splits = {"train": order[: args.train], "validation": order[args.train : args.train + args.validation]}
    for split, indices in splits.items():
        for index in indices:
            folder = args.out / split / str(labels[index])
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images[index]).save(folder / f"{index:05}.png")
    print(f"{args.train} images to train on and {args.validation} to validate with in {args.out}")


main()
