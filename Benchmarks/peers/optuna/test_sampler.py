"""Optuna's conformance suites of samplers (optuna.testing.pytest_samplers) against ours."""

import pytest
from optuna.testing import pytest_samplers as suites

from adapter_sampler import OuterloopSampler

SAMPLERS = {
    "random": ("random", {}),
    "sobol": ("sobol", {}),
    "tpe": ("tpe", {}),
    # The model decides from the first trial on; most of the suites' studies have 10 trials or fewer.
    "tpe-joint": ("tpe", {"startup": 0, "multivariate": True}),
    "tpe-alone": ("tpe", {"startup": 0, "multivariate": False}),
    "tpe-group": ("tpe", {"startup": 0, "multivariate": True, "group": True}),
    "tpe-exact": ("tpe", {"startup": 0, "exact": True, "constantLiar": False, "endpoints": True}),
}


class Ours:
    @pytest.fixture(params=SAMPLERS)
    def sampler(self, request):
        name, options = SAMPLERS[request.param]
        made = []

        def make():
            made.append(OuterloopSampler(name, seed=1, options=options))
            return made[-1]

        yield make
        for one in made:
            one.served.close()


class TestBasic(Ours, suites.BasicSamplerTestCase):
    pass


class TestRelative(Ours, suites.RelativeSamplerTestCase):
    pass


class TestMultiObjective(Ours, suites.MultiObjectiveSamplerTestCase):
    pass


class TestSingleOnly(Ours, suites.SingleOnlySamplerTestCase):
    pass
