"""Times steps of HPO4DL's DyHPO after a history, and prints both as a line of JSON.

    .venv/bin/python steps.py --observed 30 --steps 5

1,000 configurations, 50 epochs. Of the history's curves a third has one epoch, the others up to twelve. A step is
suggest() and observe(), which trains the model for 50 steps as at every update after the tenth.
"""
import argparse
import json
import time

import peer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--observed", type=int, default=30)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    given = parser.parse_args()
    made, manager = peer.optimizer(1000, 50)
    if given.threads != 1:
        peer.torch.set_num_threads(given.threads or peer.os.cpu_count())
    history, left, place = [], given.observed, 0
    while left > 0:
        count = min(left, 1 if place % 3 == 0 else 1 + 5 * place % 12)
        configuration = manager.get_configuration(place)
        values = [peer.accuracy(configuration, epoch + 1) for epoch in range(count)]
        made.examples[place], made.performances[place] = list(range(1, count + 1)), list(values)
        history.append({"params": dict(configuration), "values": values})
        left, place = left - count, place + 1
    made.initial_random_index = 1
    made.best_value_observed = max(max(curve["values"]) for curve in history)
    made.model = peer.surrogate.DyHPO(
        made.surrogate_config, made.dev, made.dataset_name, made.output_path, made.seed)
    made.model.iterations, made.model.restart = 11, False
    seconds = []
    for _ in range(given.steps):
        start = time.perf_counter()
        chosen, epoch = made.suggest()
        peer.observe(made, manager, int(chosen[0]), int(epoch[0]))
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "space": ["lr=float(1e-5, 0.1, log)", "momentum=float(0, 1)", "optimizer=choice(sgd, adam)"],
        "metric": "accuracy", "minimize": False, "epochs": 50, "history": history, "seconds": seconds}))


if __name__ == "__main__":
    main()
