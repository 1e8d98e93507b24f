import Testing

@testable import OuterloopStudy

/// What is said about boxes holds for each of their configurations.
@Suite struct ConstraintNetworkTests {
  private static let texts = [
    "a + b > c", "a * b - c / 2 < 1", "a / c > b", "n * m == 12", "n + a >= m", "a * a < 0.5",
    "mode == p and a > 0.2", "mode in [q, r] or n > 3", "not (flag and a < b)", "s >= n",
    "s + n in [3, 4, 7]", "c - c == 0", "w > 0.5", "not (w + a > 0.7)", "k == 2 and n != m",
    "a == b",
    "mode != p", "n not in [1, 5]", "1 / (n - m) > 0.4", "1.5 <= a + b + c",
  ]

  private func space(_ random: inout SplitMix64) throws -> SearchSpace {
    try SearchSpace(
      [
        "mode=choice(p, q, r)", "flag=choice(true, false)", "a=float(0, 1)",
        "b=float(-1, 1, step 0.25)",
        "c=log(0.01, 2)", "n=int(1, 6)", "m=int(1, 64, log)", "s=ordinal(1, 2, 4, 8)",
        "k=constant(2)",
        "w=float(0, 1) if flag", "v=int(0, 9) if w > 0.5 and mode != q",
      ].map { try ParameterDeclaration(parsing: $0) },
      forbidden: (0..<Int.random(in: 1...3, using: &random)).map { _ in
        let one = Self.texts.pick(&random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "(\(one)) and not (\(Self.texts.pick(&random)))"
        case 1: return "(\(one)) or v < 3"
        default: return one
        }
      })
  }

  private func slice(_ axis: Axis, _ random: inout SplitMix64) -> Slice {
    var slice = axis.whole
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      guard let (left, right) = axis.halves(slice) else { break }
      slice = Bool.random(using: &random) ? left : right
    }
    return slice
  }

  private func point(_ box: Box, _ axes: [Axis], _ random: inout SplitMix64) -> [Double] {
    zip(axes, box.slices).map { $0.place(Double.random(in: 0...1, using: &random), in: $1) }
  }

  private func assignment(_ space: SearchSpace, _ axes: [Axis], _ point: [Double]) -> Assignment {
    space.assignment { index, _ in axes[index].value(point[index]) }!
  }

  @Test func nothingAllowedIsDropped() throws {
    var random = SplitMix64(11)
    var (forbidden, allowed, narrowed) = (0, 0, 0)
    for _ in 0..<3000 {
      let space = try self.space(&random)
      let network = ConstraintNetwork(space)
      let axes = network.logic.axes
      var box = network.logic.whole
      for index in axes.indices { network.set(index, to: slice(axes[index], &random), in: &box) }
      let verdict = network.verdict(box)
      let parts = axes.indices.map { network.allowedParts(of: $0, in: box) }
      let contracted = network.contracted(box)
      if verdict == .forbidden { forbidden += 1 }
      if verdict == .allowed { allowed += 1 }
      if let contracted, contracted.slices != box.slices { narrowed += 1 }
      for _ in 0..<20 {
        let point = self.point(box, axes, &random)
        let assignment = self.assignment(space, axes, point)
        for (index, parameter) in space.parameters.enumerated() where parameter.condition != nil {
          let isActive = assignment.values[index] != nil
          #expect(box.activity[index] != (isActive ? .inactive : .active))
        }
        let isAllowed = space.allows(assignment)
        #expect(verdict != (isAllowed ? .forbidden : .allowed), "\(space.forbidden) \(assignment)")
        guard isAllowed else { continue }
        for index in axes.indices {
          #expect(
            parts[index].contains { $0.low <= point[index] && point[index] <= $0.high },
            "\(space.forbidden) \(assignment) \(index)")
        }
        let inside = contracted.map { contracted in
          axes.indices.allSatisfy {
            contracted.slices[$0].low <= point[$0] && point[$0] <= contracted.slices[$0].high
          }
        }
        #expect(inside == true, "\(space.forbidden) \(assignment)")
      }
    }
    #expect(forbidden > 100 && allowed > 100 && narrowed > 100)
  }

  /// Slices, places and probabilities belong together.
  @Test(arguments: [
    "float(0, 1)", "log(1e-4, 10)", "int(1, 9)", "int(1, 1000, log)", "float(0, 1, step 0.1)",
    "choice(a, b, c)", "int(1, 8, log, step 3)", "ordinal(1, 2, 4)", "constant(7)", "float(3, 3)",
  ])
  func axes(text: String) throws {
    var random = SplitMix64(4)
    let axis = Axis(try ParameterDeclaration(parsing: "x=\(text)").domain)
    #expect(abs(axis.measure(axis.whole) - 1) < 1e-12)
    for _ in 0..<200 {
      let slice = self.slice(axis, &random)
      if let (left, right) = axis.halves(slice) {
        #expect(left.low == slice.low && right.high == slice.high)
        #expect(abs(axis.measure(left) + axis.measure(right) - axis.measure(slice)) < 1e-12)
      } else {
        #expect(slice.isPoint)
      }
      let place = axis.place(Double.random(in: 0...1, using: &random), in: slice)
      #expect(place >= slice.low && place <= slice.high)
      #expect(axis.place(of: axis.value(place)) == place)
    }
  }

  @Test func boundsGoThroughChainsOfRelations() throws {
    var space = SearchSpace()
    for index in 1...20 { _ = try space.int("t\(index)", 1...22) }
    for index in 1..<20 { try space.forbid("t\(index) >= t\(index + 1)") }
    let network = ConstraintNetwork(space)
    let box = try #require(network.contracted(network.logic.whole, effort: 4000))
    for index in 0..<20 { #expect(box.slices[index] == Slice(Double(index), Double(index + 2))) }
    try space.forbid("t20 < t1 + 22")
    let none = ConstraintNetwork(space)
    #expect(none.contracted(none.logic.whole, effort: 4000) == nil)
    #expect(space.count(upTo: 10) == 0)
  }
}
