"""Random ConfigSpace spaces, their JSON, and what ConfigSpace says about random configurations."""

import copy
import json
import random
import sys
import tempfile
import warnings
from pathlib import Path

import ConfigSpace as cs
from ConfigSpace.exceptions import ForbiddenValueError
from ConfigSpace.util import deactivate_inactive_hyperparameters

warnings.simplefilter("ignore")


def draw_parameter(rng, name):
    kind = rng.randrange(8)
    if kind == 0:
        return cs.Float(name, (0.0, 1.0))
    if kind == 1:
        return cs.Integer(name, (1, 8), log=rng.random() < 0.5)
    if kind == 2:
        return cs.CategoricalHyperparameter(name, ["relu", "tanh", "a b", "it's"], weights=[1, 2, 3, 4])
    if kind == 3:
        return cs.OrdinalHyperparameter(name, ["cold", "warm", "hot"])
    if kind == 4:
        return cs.OrdinalHyperparameter(name, [10, 2, 30])
    if kind == 5:
        return cs.NormalFloatHyperparameter(name, mu=0.0, sigma=1.0, lower=-1.0, upper=1.0)
    if kind == 6:
        return cs.BetaIntegerHyperparameter(name, alpha=2, beta=3, lower=0, upper=5)
    return cs.Constant(name, "fixed")


def is_number(parameter):
    return not isinstance(parameter, (cs.CategoricalHyperparameter, cs.OrdinalHyperparameter, cs.Constant))


def is_ordered(parameter):
    return is_number(parameter) or isinstance(parameter, cs.OrdinalHyperparameter)


def draw_value(rng, parameter):
    if isinstance(parameter, cs.CategoricalHyperparameter):
        return rng.choice(list(parameter.choices))
    if isinstance(parameter, cs.OrdinalHyperparameter):
        return rng.choice(list(parameter.sequence))
    if isinstance(parameter, cs.Constant):
        return parameter.value
    if isinstance(parameter.lower, int):
        return rng.randint(parameter.lower, parameter.upper)
    return round(rng.uniform(parameter.lower, parameter.upper), 3)


def draw_condition(rng, child, parents):
    parent = rng.choice(parents)
    kinds = [cs.EqualsCondition, cs.NotEqualsCondition, cs.InCondition]
    if is_ordered(parent):
        kinds += [cs.LessThanCondition, cs.GreaterThanCondition] * 2
    kind = rng.choice(kinds)
    value = draw_value(rng, parent)
    if kind is cs.InCondition:
        return kind(child, parent, sorted({value, draw_value(rng, parent)}, key=str))
    return kind(child, parent, value)


def draw_clause(rng, parameters):
    parameter = rng.choice(parameters)
    # Clauses with LE and GE forbid inactive parameters by value but not by vector, so they are left
    # to numbers that are always active.
    kinds = [cs.ForbiddenEqualsClause, cs.ForbiddenInClause]
    if is_number(parameter):
        kinds += [cs.ForbiddenLessThanClause, cs.ForbiddenGreaterThanClause] * 2
    kind = rng.choice(kinds)
    value = draw_value(rng, parameter)
    if kind is cs.ForbiddenInClause:
        return kind(parameter, sorted({value, draw_value(rng, parameter)}, key=str))
    return kind(parameter, value)


def draw_forbidden(rng, parameters):
    numbers = [p for p in parameters if is_number(p)]
    kind = rng.randrange(5)
    if kind == 0 and len(numbers) >= 2:
        relation = rng.choice(
            [
                cs.ForbiddenLessThanRelation,
                cs.ForbiddenGreaterThanRelation,
                cs.ForbiddenEqualsRelation,
                cs.ForbiddenLessThanEqualsRelation,
                cs.ForbiddenGreaterThanEqualsRelation,
            ]
        )
        return relation(*rng.sample(numbers, 2))
    if kind in (1, 2):
        clauses = [draw_clause(rng, parameters) for _ in range(2)]
        return cs.ForbiddenAndConjunction(*clauses)
    if kind == 3:
        clauses = [draw_clause(rng, parameters) for _ in range(2)]
        return cs.ForbiddenOrConjunction(*clauses)
    return draw_clause(rng, parameters)


def draw_space(rng, number):
    space = cs.ConfigurationSpace(name=f"space{number}")
    parameters = [draw_parameter(rng, f"p{i}") for i in range(rng.randint(2, 6))]
    space.add(*parameters)
    for index in range(1, len(parameters)):
        child, parents = parameters[index], parameters[:index]
        if rng.random() < 0.4:
            continue
        conditions = [draw_condition(rng, child, parents) for _ in range(rng.randint(1, 2))]
        # An inactive parent is NaN in ConfigSpace's vectors and so "not equal" to everything; by value
        # the same condition is not satisfied. It shows only where conditions are joined.
        is_clear = not any(isinstance(c, cs.NotEqualsCondition) for c in conditions)
        if len(conditions) == 2 and conditions[0].parent != conditions[1].parent and is_clear:
            joined = rng.choice([cs.AndConjunction, cs.OrConjunction])
            space.add(joined(*conditions))
        else:
            space.add(conditions[0])
    unconstrained = copy.deepcopy(space)
    for _ in range(rng.randint(0, 3)):
        try:
            space.add(draw_forbidden(rng, parameters))
        except (ForbiddenValueError, ValueError, TypeError):
            pass  # forbids the default
    return space, unconstrained


def example(rng, space, unconstrained):
    given = {name: draw_value(rng, space[name]) for name in space}
    # Which are active does not depend on what is forbidden.
    active = dict(deactivate_inactive_hyperparameters(given, unconstrained))
    try:
        cs.Configuration(space, values=active).check_valid_configuration()
        forbidden = False
    except ForbiddenValueError:
        forbidden = True
    return {"given": given, "active": sorted(active), "forbidden": forbidden}


def main():
    rng = random.Random(2)
    golden = []
    with tempfile.TemporaryDirectory() as folder:
        while len(golden) < 60:
            try:
                space, unconstrained = draw_space(rng, len(golden))
            except (ForbiddenValueError, ValueError, TypeError):
                continue
            path = Path(folder) / "space.json"
            space.to_json(path)
            text = path.read_text()
            examples = [example(rng, space, unconstrained) for _ in range(40)]
            golden.append({"space": text, "examples": examples})
    Path(sys.argv[1]).write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
    examples = [e for g in golden for e in g["examples"]]
    print(len(golden), "spaces,", len(examples), "configurations,",
          sum(e["forbidden"] for e in examples), "forbidden,",
          sum(len(e["active"]) < len(e["given"]) for e in examples), "with inactive parameters")


main()
