"""The noiseless functions of COCO, with the budgets of the BBOB part of carps' task list."""

import math
import os
import pathlib
import tempfile

from tasks.task import Task, number


class BBOB(Task):
    """A function of COCO's noiseless suite; the seed chooses the instance, the budget is carps' n_trials."""

    def __init__(self, function, dimensions):
        super().__init__(
            f"bbob/f{function:02d}-{dimensions}d", "bbob", [number(f"x{j}", -5, 5) for j in range(dimensions)],
            None, None, trials=math.ceil(20 + 40 * math.sqrt(dimensions)))
        self.function, self.dimensions = function, dimensions

    def instance(self, seed):
        import cocoex
        suite = cocoex.Suite("bbob", "", "")
        problem = suite.get_problem_by_function_dimension_instance(self.function, self.dimensions, 1 + seed % 15)
        least = least_value(problem)
        task = Task(
            self.name, self.family, self.parameters,
            lambda p: problem([p[f"x{j}"] for j in range(self.dimensions)]), lambda v: max(v - least, 0.0),
            trials=self.trials)
        task.suite = suite
        return task


def least_value(problem):
    """COCO tells where its minimum is only by a file in the working folder."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            problem._best_parameter("print")
            place = [float(v) for v in pathlib.Path("._bbob_problem_best_parameter.txt").read_text().split()]
        finally:
            os.chdir(here)
    return problem(place)


def bbob():
    return [BBOB(function, dimensions) for dimensions in (2, 5) for function in range(1, 25)]
