"""Records what BoTorch says of the case `floats` of gaussian_process.json:

    python3 botorch_posterior.py > botorch.json      # in an environment with BoTorch

The marginal likelihood, means and variances of the function, log expected improvement on the smallest
observed mean, and its gradients, in double precision.
"""
import json
import math

import botorch
import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.models import SingleTaskGP
from gpytorch.kernels import MaternKernel
from gpytorch.means import ConstantMean
from gpytorch.mlls import ExactMarginalLogLikelihood

torch.set_default_dtype(torch.float64)
case = next(c for c in json.load(open("gaussian_process.json"))["cases"] if c["name"] == "floats")
x = torch.tensor([p[0] for p in case["points"]])
y = torch.tensor(case["outputs"])[:, None]
lengthscales = [math.exp(t) for t in case["theta"][:3]]
noise = math.exp(case["theta"][3])

# The mean of the largest evidence, as ours.
kernel = MaternKernel(nu=2.5, ard_num_dims=3)
kernel.lengthscale = torch.tensor(lengthscales)
covariance = kernel(x).to_dense().detach() + noise * torch.eye(len(x))
ones = torch.ones(len(x), 1)
inverse = torch.linalg.inv(covariance)
mean = ((ones.T @ inverse @ y) / (ones.T @ inverse @ ones)).item()

model = SingleTaskGP(x, y, covar_module=kernel, mean_module=ConstantMean(), outcome_transform=None)
model.mean_module.constant.data.fill_(mean)
model.likelihood.noise = noise
model.train()
evidence = ExactMarginalLogLikelihood(model.likelihood, model)
with torch.no_grad():
    likelihood = (model.likelihood(model(x)).log_prob(y[:, 0])).item()
model.eval()
queries = torch.tensor([q[0] for q in case["queries"]], requires_grad=True)
posterior = model.posterior(queries)
best = model.posterior(x).mean.min().item()
improvement = LogExpectedImprovement(model, best_f=best, maximize=False)(queries[:, None])
improvement.sum().backward()
print(json.dumps({
    "version": botorch.__version__, "mean": mean, "likelihood": likelihood, "best": best,
    "means": posterior.mean[:, 0].tolist(), "variances": posterior.variance[:, 0].tolist(),
    "logImprovements": improvement.tolist(), "gradients": queries.grad.tolist(),
}, indent=1))
