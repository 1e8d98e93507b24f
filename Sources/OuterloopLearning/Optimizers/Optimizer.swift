public import OuterloopAutodiff
public import OuterloopNumerics

/// An inner optimizer as pure dynamics: (state, gradient) -> state.
///
/// Its hyperparameters are tensors, so each may be optimized: one for all parameters, one per
/// parameter tensor, or one that changes by step (index a schedule with `Time`). The step count is
/// passed as `Time`, never as a compile-time constant, so one compiled step serves all steps.
public struct Optimizer: Sendable {
  /// A hyperparameter of an optimizer: shared by all parameter tensors, or one for each.
  public struct Rate: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    private let values: [Tensor]
    /// Whether one value is shared by all parameter tensors.
    private let isShared: Bool

    /// One rate for all weights: a scalar.
    public init(_ value: Tensor) { self.init([value], isShared: true) }
    /// One rate for all weights, a constant.
    public init(_ value: Double) { self.init(Tensor(value)) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(Double(value)) }
    /// One value for each parameter tensor, in order. A different count is an error of the step that
    /// uses them.
    public static func each(_ values: [Tensor]) -> Rate { Rate(values, isShared: false) }

    private init(_ values: [Tensor], isShared: Bool) {
      self.values = values
      self.isShared = isShared
    }

    /// The value for parameter tensor `index`, in its element type.
    package func value(_ index: Int, _ dtype: DType) -> Tensor {
      guard isShared || values.indices.contains(index) else {
        return Tensor(invalid: "\(values.count) rates were given for more parameter tensors")
      }
      let value = isShared ? values[0] : values[index]
      // A literal takes the parameters' type; a hyperparameter keeps its own.
      switch value.content {
      case .number(let number): return Tensor(number, dtype: dtype)
      case .splat(let number) where value.count == 1: return Tensor(number, dtype: dtype)
      default: return value.count == 1 && value.rank > 0 ? value.reshaped([]) : value
      }
    }

    /// Why these values do not fit `count` parameter tensors; nil if they do.
    func flaw(for count: Int) -> String? {
      isShared || values.count == count
        ? nil : "\(values.count) rates were given, one each, for \(count) parameter tensors"
    }
  }

  enum Rule: Sendable {
    case sgd(rate: Rate)
    case momentum(rate: Rate, momentum: Rate, nesterov: Bool)
    case adam(rate: Rate, beta1: Rate, beta2: Rate, epsilon: Rate, decay: Rate?)
    case rmsProp(rate: Rate, decay: Rate, epsilon: Rate)
  }
  let rule: Rule

  private var rates: [Rate] {
    switch rule {
    case .sgd(let rate): [rate]
    case .momentum(let rate, let momentum, _): [rate, momentum]
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      [rate, beta1, beta2, epsilon] + (decay.map { [$0] } ?? [])
    case .rmsProp(let rate, let decay, let epsilon): [rate, decay, epsilon]
    }
  }

  /// Gradient descent: `w' = w - eta g`.
  public static func sgd(rate: Rate) -> Optimizer { Optimizer(rule: .sgd(rate: rate)) }

  /// Heavy ball: `m' = mu m + g; w' = w - eta m'`.
  public static func momentum(rate: Rate, momentum: Rate = 0.9) -> Optimizer {
    Optimizer(rule: .momentum(rate: rate, momentum: momentum, nesterov: false))
  }

  /// Nesterov's momentum in Sutskever's form: `m' = mu m + g; w' = w - eta (g + mu m')`.
  public static func nesterov(rate: Rate, momentum: Rate = 0.9) -> Optimizer {
    Optimizer(rule: .momentum(rate: rate, momentum: momentum, nesterov: true))
  }

  /// Adam (Kingma and Ba 2015) with the square root of `v / (1 - b2^t) + eps^2`.
  ///
  /// That agrees with the usual `sqrt(v) + eps` at v = 0 and for large v, and is smooth: the usual
  /// form has an infinite derivative at v = 0 and gives NaN hypergradients. The derivative with
  /// respect to v reaches 1 / (2 eps), so eps is larger than customary.
  public static func adam(
    rate: Rate, beta1: Rate = 0.9, beta2: Rate = 0.999, epsilon: Rate = 1e-5
  ) -> Optimizer {
    Optimizer(
      rule: .adam(rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: nil))
  }

  /// AdamW (Loshchilov and Hutter 2019): Adam, and `w' -= eta decay w`.
  public static func adamW(
    rate: Rate, beta1: Rate = 0.9, beta2: Rate = 0.999, epsilon: Rate = 1e-5, decay: Rate = 0.01
  ) -> Optimizer {
    Optimizer(
      rule: .adam(rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay))
  }

  /// RMSProp: `v' = rho v + (1 - rho) g^2; w' = w - eta g / sqrt(v' + eps^2)`.
  public static func rmsProp(rate: Rate, decay: Rate = 0.9, epsilon: Rate = 1e-5) -> Optimizer {
    Optimizer(rule: .rmsProp(rate: rate, decay: decay, epsilon: epsilon))
  }

  /// Number of buffers kept in addition to the weights.
  public var slotCount: Int {
    switch rule {
    case .sgd: 0
    case .momentum, .rmsProp: 1
    case .adam: 2
    }
  }

  /// Whether the update has momentum, which reversible training needs.
  public var hasMomentum: Bool { if case .momentum = rule { true } else { false } }

  /// The hyperparameters of heavy ball, for methods that run it in their own arithmetic; nil for
  /// every other rule, including Nesterov momentum.
  package var heavyBall: (rate: Rate, momentum: Rate)? {
    guard case .momentum(let rate, let momentum, nesterov: false) = rule else { return nil }
    return (rate, momentum)
  }

  /// The name of the rule, for messages.
  package var name: String {
    switch rule {
    case .sgd: "gradient descent without momentum"
    case .momentum(_, _, let nesterov): nesterov ? "Nesterov's momentum" : "heavy ball"
    case .adam(_, _, _, _, let decay): decay == nil ? "Adam" : "AdamW"
    case .rmsProp: "RMSProp"
    }
  }

  /// The state before the first step: buffers of zeros.
  public func initialState<W: Structure>(_ weights: W) -> TrainingState<W> {
    TrainingState(
      weights: weights, slots: (0..<slotCount).map { _ in weights.zeros })
  }

  /// One step. A gradient, buffers or rates that do not fit the weights give a state of invalid
  /// tensors that carry the error.
  ///
  /// - Parameter time: the step about to be taken; Adam's bias correction uses its number.
  public func update<W: Structure>(
    _ state: TrainingState<W>, gradient: W, time: Time
  ) -> TrainingState<W> {
    let w = state.weights.leaves
    let g = gradient.leaves
    let slots = state.slots.map(\.leaves)
    if let flaw = flaw(w, g, slots) {
      let broken = Tensor(invalid: flaw)
      return state.mapLeaves { $0.error == nil ? broken : $0 }
    }
    var newW: [Tensor] = []
    var newSlots = slots
    for index in w.indices {
      let own = slots.map { $0[index] }
      let (weight, changed) = update(
        index, w[index], g[index], own, time.number.cast(to: w[index].dtype))
      // A rate with more elements than the weights would broadcast them.
      guard weight.error != nil || weight.shape == w[index].shape else {
        let broken = Tensor(
          invalid:
            "a step of \(name) makes \(weight.type) of weights \(w[index].type): its numbers "
            + "are single ones, or of the weights' shape")
        return state.mapLeaves { _ in broken }
      }
      newW.append(weight)
      for (slot, value) in changed.enumerated() { newSlots[slot][index] = value }
    }
    return TrainingState(
      weights: state.weights.replacingLeaves(newW),
      slots: zip(state.slots, newSlots).map { $0.replacingLeaves($1) })
  }

  /// Why a step cannot be taken; nil if it can.
  private func flaw(_ w: [Tensor], _ g: [Tensor], _ slots: [[Tensor]]) -> String? {
    func types(_ tensors: [Tensor]) -> String { "\(tensors.map(\.type))" }
    func fits(_ tensors: [Tensor]) -> Bool {
      tensors.count == w.count
        && zip(tensors, w).allSatisfy { $0.shape == $1.shape || $0.error != nil || $1.error != nil }
    }
    if !fits(g) { return "\(name): the gradient is \(types(g)) but the weights are \(types(w))" }
    if slots.count != slotCount {
      return "\(name) keeps \(slotCount) buffers beside the weights, and the state has "
        + "\(slots.count): start from initialState(_:)"
    }
    for slot in slots where !fits(slot) {
      return "\(name): a buffer is \(types(slot)) but the weights are \(types(w))"
    }
    return rates.lazy.compactMap { $0.flaw(for: w.count) }.first.map { "\(name): \($0)" }
  }

  private func update(
    _ index: Int, _ w: Tensor, _ g: Tensor, _ slots: [Tensor], _ t: Tensor
  ) -> (Tensor, [Tensor]) {
    func number(_ rate: Rate) -> Tensor { rate.value(index, w.dtype) }
    switch rule {
    case .sgd(let rate):
      return (w - number(rate) * g, [])
    case .momentum(let rate, let momentum, let nesterov):
      let m = number(momentum) * slots[0] + g
      let step = nesterov ? g + number(momentum) * m : m
      return (w - number(rate) * step, [m])
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      let (b1, b2) = (number(beta1), number(beta2))
      let m = b1 * slots[0] + (1 - b1) * g
      let v = b2 * slots[1] + (1 - b2) * g.square()
      // 1 - b^t = -expm1(t log b)
      let mean = m / -expm1(t * log(b1))
      let root = sqrt(v / -expm1(t * log(b2)) + number(epsilon).square())
      var step = mean / root
      if let decay { step = step + number(decay) * w }
      return (w - number(rate) * step, [m, v])
    case .rmsProp(let rate, let decay, let epsilon):
      let rho = number(decay)
      let v = rho * slots[0] + (1 - rho) * g.square()
      return (w - number(rate) * g / sqrt(v + number(epsilon).square()), [v])
    }
  }
}

/// Weights and the optimizer's buffers: the complete state of the inner dynamics.
public struct TrainingState<Weights: Structure>: Structure {
  /// The weights.
  public var weights: Weights
  /// Momentum; or Adam's first and second moments; each shaped like the weights.
  public var slots: [Weights]

  /// A state; without buffers for plain gradient descent.
  public init(weights: Weights, slots: [Weights] = []) {
    self.weights = weights
    self.slots = slots
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try weights.visit(path + ".weights", body)
    try slots.visit(path + ".slots", body)
  }
}

/// The step that is about to be taken, as inputs of the compiled step.
public struct Time: Structure {
  /// Zero-based index (int32, shape [1]), for looking up a schedule: `rates.gathered(at: time.index)`.
  public var index: Tensor
  /// One-based number (float64 scalar), for bias corrections and decaying schedules.
  public var number: Tensor

  /// A time from the index of a step and its number.
  public init(index: Tensor, number: Tensor) {
    self.index = index
    self.number = number
  }

  /// Step `step`, counted from 0, as values; invalid ones for a step that is negative or beyond
  /// 2^31 - 1.
  public init(step: Int) {
    guard step >= 0, let index = Int32(exactly: step) else {
      let broken = Tensor(invalid: "step \(step): steps are counted from 0 to \(Int32.max)")
      self.init(index: broken, number: broken)
      return
    }
    self.init(index: Tensor([index]), number: Tensor(Double(step) + 1, dtype: .float64))
  }

  public mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
    try index.visit(path + ".index", body)
    try number.visit(path + ".number", body)
  }
}
