"""The flops of the matrix products that a hypergradient of each problem cannot do without (see README.md)."""


def mlp(steps=100, batch=128, validation=1_000):
    """Two products with the inputs for a gradient and two for K, three and six with the hidden
    layer; activations are kept; the first step needs no H u."""
    wide, narrow = 2 * 784 * 300, 2 * 300 * 10
    gradient, product = 2 * wide + 3 * narrow, 2 * wide + 6 * narrow
    return steps * batch * gradient + (steps - 1) * batch * product + validation * gradient


def cleaning(steps=200, train=5_000, validation=5_000):
    """X w and X' e for a gradient, X u and X' e. for K; the first step needs N u but no H u."""
    product = 2 * 784 * 10
    return (4 * steps - 1) * train * product + 2 * validation * product


def cnn(steps=50, batch=64, validation=500):
    """Convolutions as products. The first layer has no input gradient: two products, and two more
    for K; the other two layers three, and six."""
    first, others = 2 * 784 * 9 * 8, 2 * 196 * 72 * 16 + 2 * 784 * 10
    gradient, product = 2 * first + 3 * others, 2 * first + 6 * others
    return steps * batch * gradient + (steps - 1) * batch * product + validation * gradient


def lstm(steps=50, batch=64, validation=500, rows=28, units=128):
    """The product with all rows of the inputs has no input gradient; the state before the first row is 0."""
    first = rows * 2 * 28 * 4 * units
    others = (rows - 1) * 2 * units * 4 * units + 2 * units * 10
    gradient, product = 2 * first + 3 * others, 2 * first + 6 * others
    return steps * batch * gradient + (steps - 1) * batch * product + validation * gradient


def transformer(steps=50, batch=16, validation=200, tokens=64, width=128):
    """Both factors of attention's two products depend on the weights."""
    first = 2 * tokens * 12 * width
    others = (2 * tokens * (4 * width * width + 2 * width * 2 * width)
              + 2 * 2 * tokens * tokens * width + 2 * width * 10)
    gradient, product = 2 * first + 3 * others, 2 * first + 6 * others
    return steps * batch * gradient + (steps - 1) * batch * product + validation * gradient


def implicit(iterations=20, train=2_000, validation=1_000):
    """A step, the gradients of both losses, and products with H whose activations are kept; N q is that of
    the decays alone."""
    wide, narrow = 2 * 784 * 300, 2 * 300 * 10
    gradient, product = 2 * wide + 3 * narrow, 2 * wide + 6 * narrow
    return 2 * train * gradient + validation * gradient + iterations * train * product
