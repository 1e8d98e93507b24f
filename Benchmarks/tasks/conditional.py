"""Spaces of several branches, each with parameters of its own."""

import math

from tasks.task import Task, choice, number, whole


def optimizer(p):
    """Three optimizers with rates of their own, beside two parameters that all share."""
    width = .15 * (math.log2(p["width"]) - 7) ** 2 + 1.5 * (p["dropout"] - .2) ** 2
    wide = .1 * (math.log2(p["width"]) - 7)
    if p["optimizer"] == "sgd":
        rate = math.log10(p["sgd_rate"]) + .8 + wide + 2 * (p["momentum"] - .9)
        return width + .4 * rate * rate + 2 * (p["momentum"] - .9) ** 2
    if p["optimizer"] == "adam":
        rate = math.log10(p["adam_rate"]) + 3 + wide
        return .03 + width + .2 * rate * rate + .02 * (math.log10(p["epsilon"]) + 6) ** 2
    rate = math.log10(p["rms_rate"]) + 3.3 + wide
    return .1 + width + .3 * rate * rate + (p["smoothing"] - .95) ** 2 * 5


def booster(p):
    """A linear model, a forest or a boosted tree, whose policy has a parameter of its own."""
    if p["model"] == "linear":
        return .45 + .05 * (math.log10(p["l1"]) + 2) ** 2 + .03 * (math.log10(p["l2"]) + 1) ** 2
    if p["model"] == "forest":
        return (.15 + .4 / math.sqrt(p["trees"]) + .01 * (p["forest_depth"] - 14) ** 2 / 4
                + .5 * (p["features"] - .4) ** 2)
    rounds = math.log10(p["rounds"]) + math.log10(p["eta"]) - 1
    loss = .04 + .25 * rounds * rounds + .012 * (p["tree_depth"] - 6) ** 2 + .02 * (math.log10(p["eta"]) + 1.6) ** 2
    if p["policy"] == "exact":
        return loss + .03
    return loss + .01 * (math.log2(p["bins"]) - 7) ** 2


def layers(p):
    """One to four layers with widths of their own; the best has three, narrowing."""
    count = int(p["layers"])
    wanted = [7, 6, 5, 4]
    loss = sum(.1 * (math.log2(p[f"width{j}"]) - wanted[j]) ** 2 for j in range(count))
    return loss + {1: .6, 2: .2, 3: 0, 4: .1}[count] + .3 * (math.log10(p["rate"]) + 2 + .3 * count) ** 2


def branches(p):
    """Six branches of two parameters: basins of different depth, width and place; a wide one is not the deepest."""
    k = "abcdef".index(p["branch"])
    x, y = p[f"{p['branch']}0"], p[f"{p['branch']}1"]
    steep = (2, 6, 3, 12, 5, 9)[k]
    away = (x - (.3, .7, .2, .8, .5, .1)[k]) ** 2 + (y - (.6, .2, .9, .4, .3, .7)[k]) ** 2
    ripple = .05 * (2 - math.cos(8 * math.pi * (x - (.3, .7, .2, .8, .5, .1)[k]))
                    - math.cos(8 * math.pi * (y - (.6, .2, .9, .4, .3, .7)[k])))
    return (.15, .1, .3, 0, .2, .05)[k] + 1 - math.exp(-steep * away) + ripple


CONDITIONAL = [
    Task("conditional-optimizer", "conditional", [
        choice("optimizer", ["sgd", "adam", "rms"]), whole("width", 8, 1024, True), number("dropout", 0, .8),
        number("sgd_rate", 1e-4, 10, True, ("optimizer", ["sgd"])), number("momentum", 0, .99, False, ("optimizer", ["sgd"])),
        number("adam_rate", 1e-6, 1, True, ("optimizer", ["adam"])),
        number("epsilon", 1e-10, 1e-2, True, ("optimizer", ["adam"])),
        number("rms_rate", 1e-6, 1, True, ("optimizer", ["rms"])),
        number("smoothing", .5, .999, False, ("optimizer", ["rms"]))], optimizer, lambda v: v),
    Task("conditional-booster", "conditional", [
        choice("model", ["linear", "forest", "boosted"]),
        number("l1", 1e-6, 1e2, True, ("model", ["linear"])), number("l2", 1e-6, 1e2, True, ("model", ["linear"])),
        whole("trees", 10, 1000, True, ("model", ["forest"])), whole("forest_depth", 2, 30, False, ("model", ["forest"])),
        number("features", .05, 1, False, ("model", ["forest"])),
        whole("rounds", 10, 2000, True, ("model", ["boosted"])), number("eta", 1e-3, 1, True, ("model", ["boosted"])),
        whole("tree_depth", 2, 14, False, ("model", ["boosted"])),
        choice("policy", ["exact", "histogram"], ("model", ["boosted"])),
        whole("bins", 8, 1024, True, ("policy", ["histogram"]))], booster, lambda v: v - .04),
    Task("conditional-layers", "conditional", [
        choice("layers", ["one", "two", "three", "four"]), number("rate", 1e-5, 1, True)] + [
            whole(f"width{j}", 4, 1024, True, None if j == 0 else ("layers", ["one", "two", "three", "four"][j:]))
            for j in range(4)],
         lambda p: layers(p | {"layers": 1 + ["one", "two", "three", "four"].index(p["layers"])}), lambda v: v),
    Task("conditional-branches", "conditional", [choice("branch", list("abcdef"))] + [
        number(f"{b}{j}", 0, 1, False, ("branch", [b])) for b in "abcdef" for j in range(2)], branches, lambda v: v),
]
