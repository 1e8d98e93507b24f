"""Hypergradients of a problem in JAX, in three modes.

A problem is an inner loss of weights `w`, hyperparameters `h` and a batch, an update, and an outer
loss. `hypergradient` trains inside one `lax.scan` and differentiates through it; the modes differ
only in the rule by which the inner gradient is itself differentiated.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

MODES = ("default", "mixed", "lean")

map_leaves = jax.tree.map


@dataclasses.dataclass(frozen=True)
class Problem:
    """What the modes need to know of a problem.

    hyperparameters: the leaves in the order in which a result is flattened
    prepare:  hyperparameters -> what the inner loss reads (computed once, outside the scan)
    inner:    (w, h, batch) -> scalar
    start:    w_0 -> state;  update: (state, gradient, h, batch) -> state;  weights: state -> w
    batches:  constants -> (what every step shares, what is scanned over)
    checkpoint: the default mode's policy for what a step keeps for the reverse pass, or None for
                all that autodiff wants
    iterations: steps of conjugate gradients of an implicit hypergradient, or None for a trained one
    """

    steps: int
    hyperparameters: Any
    initial: Any
    constants: Any
    prepare: Callable
    inner: Callable
    outer: Callable
    start: Callable
    update: Callable
    weights: Callable
    batches: Callable
    checkpoint: Callable | None = None
    iterations: int | None = None


def inner_gradient(problem, mode):
    """The gradient of the inner loss in w, with the mode's rule for its own derivative."""
    gradient = jax.grad(problem.inner)
    if mode == "default":  # reverse over reverse
        if problem.checkpoint is None:
            return gradient
        return jax.checkpoint(gradient, policy=problem.checkpoint)

    # Mixed mode: the Hessian is symmetric, so the cotangent u of the gradient needs only the
    # derivative of grad_(w,h) L along u: forward over reverse, (H u, N u) in one pass.
    both = jax.grad(problem.inner, argnums=(0, 1))

    @jax.custom_vjp
    def differentiated(w, h, batch):
        return gradient(w, h, batch)

    if mode == "mixed":  # linearised on the way forward: what the product needs is kept

        def forward(w, h, batch):
            (value, _), product = jax.linearize(lambda w: both(w, h, batch), w)
            return value, product

        def backward(product, u):
            return *product(u), None

    else:  # lean: only w is kept; the product computes the step again

        def forward(w, h, batch):
            return gradient(w, h, batch), (w, h, batch)

        def backward(kept, u):
            w, h, batch = kept
            _, products = jax.jvp(lambda w: both(w, h, batch), (w,), (u,))
            return *products, None

    differentiated.defvjp(forward, backward)
    return differentiated


def implicit_hypergradient(problem, mode):
    """The same by the implicit function theorem at the weights after `steps` steps: q from so many steps
    of conjugate gradients on H q = dE/dw, then -N q. The product with H is a gradient of a product
    (default), linearised once (mixed), or a tangent through the gradient each time (lean)."""
    gradient = jax.grad(problem.inner)

    def objective(hyperparameters, initial, constants):
        h = problem.prepare(hyperparameters)
        batch = problem.batches(constants)
        state = problem.start(initial)
        for _ in range(problem.steps):
            state = problem.update(state, gradient(problem.weights(state), h, batch), h, batch)
        w = problem.weights(state)
        loss, slope = jax.value_and_grad(problem.outer)(w, constants)

        def slope_at(w):
            return gradient(w, h, batch)

        if mode == "default":
            def product(u):
                def along(w):
                    return sum(map(jnp.vdot, jax.tree.leaves(slope_at(w)), jax.tree.leaves(u)))

                return jax.grad(along)(w)
        elif mode == "mixed":
            _, product = jax.linearize(slope_at, w)
        else:
            def product(u):
                return jax.jvp(slope_at, (w,), (u,))[1]

        q, _ = jax.scipy.sparse.linalg.cg(product, slope, tol=0, maxiter=problem.iterations)
        _, back = jax.vjp(lambda logs: gradient(w, problem.prepare(logs), batch), hyperparameters)
        return loss, map_leaves(jnp.negative, back(q)[0])

    return objective


def hypergradient(problem, mode):
    """(hyperparameters, initial weights, constants) -> (outer loss, its hypergradient)."""
    if problem.iterations is not None:
        return implicit_hypergradient(problem, mode)
    gradient = inner_gradient(problem, mode)

    def objective(hyperparameters, initial, constants):
        h = problem.prepare(hyperparameters)
        shared, scanned = problem.batches(constants)

        def step(state, batch):
            batch = (shared, batch)
            slope = gradient(problem.weights(state), h, batch)
            return problem.update(state, slope, h, batch), None

        state, _ = lax.scan(step, problem.start(initial), scanned, length=problem.steps)
        return problem.outer(problem.weights(state), constants)

    return jax.value_and_grad(objective)
