internal import OuterloopNumerics
internal import OuterloopPlatform

/// One parameter's part of the kernels of a ``JointParzen``, by kernel, the prior's first: what was
/// observed, and bandwidths that follow from neighbours in sorted order. Centres and bandwidths
/// themselves lie in the table of kernels, in the column numbered `place`.
struct JointColumn: Sendable {
  /// How the parameter enters a kernel, in the table's order of columns.
  enum Form: Sendable {
    case matched(choices: Int)
    case smooth(NumericDomain)
    case cells(NumericDomain)

    init(_ domain: ParameterDomain) {
      switch domain {
      case .categorical(let count): self = .matched(choices: count)
      case .numeric(let numeric): self = numeric.step == nil ? .smooth(numeric) : .cells(numeric)
      }
    }

    /// The place of this kind among the table's.
    var kind: Int {
      switch self {
      case .matched: 0
      case .smooth: 1
      case .cells: 2
      }
    }
  }

  private struct Key: Comparable, Sendable {
    let value: Double
    let arrival: Int

    static func < (a: Key, b: Key) -> Bool {
      a.value != b.value ? a.value < b.value : a.arrival < b.arrival
    }
  }

  let form: Form
  private let options: ParzenOptions
  /// The column in the table.
  let place: Int
  /// By kernel: what was observed, and log(1/(sigma Z sqrt(2 pi))), on a grid log(1/Z).
  private(set) var values: [Double] = [0]
  private(set) var logNorm: [Double] = [0]
  private var sorted = SortedList<Key>()
  /// Kernels whose bandwidth is to be worked out again, by arrival.
  private var stale: [Int] = []
  private var floor: Double?

  init(_ form: Form, place: Int, options: ParzenOptions) {
    self.form = form
    self.place = place
    self.options = options
  }

  private var numeric: NumericDomain? {
    switch form {
    case .smooth(let domain), .cells(let domain): domain
    case .matched: nil
    }
  }

  /// Where the prior's kernel is; choice -1 is none.
  var priorCenter: Double { numeric.map { 0.5 * ($0.start + $0.end) } ?? -1 }

  /// A value as the table sees it: a point, or the middle of a cell, and half its length.
  func interval(of value: Double) -> (middle: Double, half: Double) {
    switch form {
    case .matched: return (value, 0)
    case .smooth(let domain): return (domain.coordinate(of: value), 0)
    case .cells(let domain):
      let (left, right) = domain.cell(of: value)
      return (0.5 * (left + right), 0.5 * (right - left))
    }
  }

  func contains(_ value: Double) -> Bool {
    switch form {
    case .matched(let choices): value >= 0 && value < Double(choices)
    case .smooth(let domain), .cells(let domain): value >= domain.low && value <= domain.high
    }
  }

  /// Enters an observation as the last kernel; returns that kernel's centre.
  mutating func insert(_ value: Double, arrival: Int) -> Double {
    precondition(!value.isNaN, "an observation is a number")
    logNorm.append(0)
    switch form {
    case .matched(let choices):
      values.append(min(max(value.rounded(), 0), Double(choices - 1)))
      return values[values.count - 1]
    case .smooth(let domain), .cells(let domain):
      let settled =
        domain.step == nil
        ? min(max(value, domain.low), domain.high) : domain.value(slot: domain.slot(of: value))
      values.append(settled)
      let key = Key(value: settled, arrival: arrival)
      sorted.insert(key)
      stale.append(arrival)
      noteNeighbours(of: key)
      return domain.coordinate(of: settled)
    }
  }

  /// Takes a kernel out; the last one takes its number.
  mutating func remove(kernel: Int, arrival: Int) {
    if numeric != nil {
      let key = Key(value: values[kernel], arrival: arrival)
      sorted.remove(key)
      stale.removeAll { $0 == arrival }
      noteNeighbours(of: key)
    }
    values.swapRemove(kernel)
    logNorm.swapRemove(kernel)
  }

  private mutating func noteNeighbours(of key: Key) {
    let (before, after) = sorted.neighbours(of: key)
    if let before { stale.append(before.arrival) }
    if let after { stale.append(after.arrival) }
  }

  /// Brings bandwidths up to date: those of neighbours of what changed, or all if the least
  /// bandwidth is another one. Adds the kernels whose bandwidth is another one to `changed`.
  mutating func refresh(
    _ kernels: JointArrivals, _ table: inout KernelProducts, changed: inout [Int]
  ) {
    guard let numeric, numeric.width > 0 else { return }
    let floor = options.floor(count: kernels.count, width: numeric.width)
    if floor != self.floor {
      self.floor = floor
      set(kernel: 0, sigma: numeric.width, numeric, &table, &changed)
      stale = kernels.arrivals
    }
    for arrival in stale {
      let kernel = kernels.number(of: arrival)
      let center = table.center(kernel, place)
      let (before, after) = sorted.neighbours(of: Key(value: values[kernel], arrival: arrival))
      let gap = options.gap(
        center, before: before.map { numeric.coordinate(of: $0.value) },
        after: after.map { numeric.coordinate(of: $0.value) }, start: numeric.start,
        end: numeric.end)
      set(kernel: kernel, sigma: min(max(gap, floor), numeric.width), numeric, &table, &changed)
    }
    stale.removeAll(keepingCapacity: true)
  }

  private mutating func set(
    kernel: Int, sigma: Double, _ domain: NumericDomain, _ table: inout KernelProducts,
    _ changed: inout [Int]
  ) {
    guard table.inverse(kernel, place) != 1 / sigma else { return }
    table.setInverse(kernel, place, 1 / sigma)
    logNorm[kernel] = -domain.logMass(center: table.center(kernel, place), sigma: sigma)
    if case .smooth = form { logNorm[kernel] += StandardNormal.logDensity(0) - log(sigma) }
    changed.append(kernel)
  }

  /// log K where a choice is the observed one, and elsewhere; nil for numbers.
  func matches(count: Int) -> (same: Double, other: Double)? {
    guard case .matched(let choices) = form else { return nil }
    if count == 0 { return (-log(Double(choices)), -log(Double(choices))) }
    let (same, other) = CategoricalKernels.probabilities(
      choices: choices, count: count, priorWeight: options.priorWeight)
    return (log(same), log(other))
  }

  /// What the prior's kernel has in the logarithm beside squares and matches.
  func priorOffset(count: Int) -> Double {
    guard case .matched(let choices) = form, let (_, other) = matches(count: count) else {
      return logNorm[0]
    }
    return -log(Double(choices)) - other
  }

  /// The u(i)-quantile of the i-th kernel.
  func draw(_ kernels: [Int], _ table: KernelProducts, _ u: (Int) -> Double) -> [Double] {
    switch form {
    case .smooth(let domain), .cells(let domain):
      return kernels.indices.map { i in
        domain.draw(
          center: table.center(kernels[i], place), sigma: 1 / table.inverse(kernels[i], place), u(i)
        )
      }
    case .matched(let choices):
      return kernels.indices.map { i in
        if kernels[i] == 0 {
          return min(Double(choices) * u(i), Double(choices - 1)).rounded(.down)
        }
        return CategoricalKernels.draw(
          choices: choices, count: values.count - 1, priorWeight: options.priorWeight,
          observed: Int(values[kernels[i]]), u(i))
      }
    }
  }
}

extension Array {
  /// Takes an element out of a list without order: the last one takes its place.
  mutating func swapRemove(_ index: Int) {
    self[index] = self[count - 1]
    removeLast()
  }
}
