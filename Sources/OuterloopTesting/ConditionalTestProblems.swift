public import OuterloopStudy

/// A function to minimise over a space with conditional parameters, with known minimum, which lies
/// in one branch, that is, under one value of the parameter that the conditions depend on.
///
/// NaN for configurations of another space. The position of a parameter is measured on its own scale, 0 to 1 from end to
/// end.
public struct ConditionalTestProblem: Sendable, CustomStringConvertible {
  /// The name of the row.
  public var name: String
  /// The search space.
  public var space: SearchSpace
  /// The parameter whose values are the branches, and the branch of the minimum.
  public var parent: String
  /// The branch of the minimum.
  public var best: String
  /// The least value.
  public var optimum: Double
  /// Where it is attained.
  public var minimizer: [String: ParameterValue]
  /// The function.
  public var value: @Sendable (Assignment) -> Double

  public var description: String { name }

  init(
    _ name: String, _ parameters: [String], parent: String, best: String, optimum: Double,
    at minimizer: [String: ParameterValue], value: @escaping @Sendable (Point) -> Double
  ) throws {
    self.name = name
    space = try SearchSpace(parameters.map { try ParameterDeclaration(parsing: $0) })
    (self.parent, self.best) = (parent, best)
    (self.optimum, self.minimizer) = (optimum, minimizer)
    self.value = { [space] in value(Point(space: space, assignment: $0)) }
  }

  /// A configuration as a function sees it.
  struct Point {
    let space: SearchSpace
    let assignment: Assignment

    /// The value of a choice; empty if it is inactive.
    func choice(_ name: String) -> String { assignment[name]?.description ?? "" }

    /// The position of a number in its range, 0 to 1.
    func unit(_ name: String) -> Double {
      guard let place = space.index(of: name), assignment.values.indices.contains(place),
        let number = assignment.values[place]?.number
      else { return .nan }
      return space.parameters[place].domain.range?.unit(of: number) ?? .nan
    }

    /// sum_j w_j (u_j - c_j)^2.
    func bowl(_ terms: (String, at: Double, weight: Double)...) -> Double {
      terms.reduce(0) { sum, term in
        let offset = unit(term.0) - term.at
        return sum + term.weight * offset * offset
      }
    }
  }
}

extension ConditionalTestProblem {
  /// Problems on which methods may be designed.
  public static let development: [ConditionalTestProblem] = made {
    try [lateBloomer(), optimizers(), earlyWinner(), unequalDimensions()]
  }

  /// Problems for evaluating methods.
  public static let heldOut: [ConditionalTestProblem] = made {
    try [narrowRegion(), nested(), manyBranches(), twoParents(), boosterOrNetwork()]
  }

  private static func made(_ make: () throws -> [ConditionalTestProblem])
    -> [ConditionalTestProblem]
  {
    do { return try make() } catch { preconditionFailure("the spaces are right: \(error)") }
  }

  /// The trap: two simple branches are decent everywhere, the third is bad until its four
  /// parameters are right, and then better than both.
  package static func lateBloomer() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "late bloomer",
      [
        "model=choice(linear, forest, network)", "c=log(1e-4, 1e4) if model == linear",
        "trees=int(10, 1000, log) if model == forest", "leaf=int(1, 64, log) if model == forest",
        "rate=log(1e-6, 1) if model == network", "decay=log(1e-8, 1e-1) if model == network",
        "dropout=float(0, 0.9) if model == network", "momentum=float(0, 1) if model == network",
      ],
      parent: "model", best: "network", optimum: 0.05,
      at: [
        "model": .text("network"), "rate": .float(1e-3), "decay": .float(3.1622776601683795e-5),
        "dropout": .float(0.27), "momentum": .float(0.8),
      ]
    ) { x in
      switch x.choice("model") {
      case "linear": return 0.3 + 0.1 * x.bowl(("c", at: 0.4, weight: 1))
      case "forest":
        return 0.26 + 0.1 * x.bowl(("trees", at: 0.9, weight: 1), ("leaf", at: 0.2, weight: 1))
      default:
        return 0.05
          + x.bowl(
            ("rate", at: 0.5, weight: 6), ("decay", at: 0.5, weight: 0.7),
            ("dropout", at: 0.3, weight: 1), ("momentum", at: 0.8, weight: 2))
      }
    }
  }

  /// Three optimizers share a learning rate, each with its own optimal value; the winner's best rate
  /// depends on its momentum.
  package static func optimizers() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "optimizers",
      [
        "rate=log(1e-5, 1)", "width=int(16, 1024, log)", "optimizer=choice(sgd, adam, rmsprop)",
        "momentum=float(0, 1) if optimizer == sgd",
        "nesterov=choice(true, false) if optimizer == sgd",
        "beta=float(0, 1) if optimizer == adam", "rho=float(0, 1) if optimizer == rmsprop",
      ],
      parent: "optimizer", best: "sgd", optimum: 0.02,
      at: [
        "rate": .float(0.1), "width": .int(1024), "optimizer": .text("sgd"),
        "momentum": .float(0.9), "nesterov": .bool(true),
      ]
    ) { x in
      let width = x.bowl(("width", at: 1, weight: 0.1))
      switch x.choice("optimizer") {
      case "adam":
        return 0.1 + width
          + x.bowl(("rate", at: 0.4, weight: 0.8), ("beta", at: 0.9, weight: 0.05))
      case "rmsprop":
        return 0.12 + width
          + x.bowl(("rate", at: 0.4, weight: 1.2), ("rho", at: 0.9, weight: 0.1))
      default:
        // The rate's optimum falls with momentum: 0.8 on its scale where momentum is 0.9.
        let offset = x.unit("rate") - 0.8 + 0.4 * (x.unit("momentum") - 0.9)
        return 0.02 + width + 3 * offset * offset
          + x.bowl(("momentum", at: 0.9, weight: 0.5))
          + (x.choice("nesterov") == "true" ? 0 : 0.03)
      }
    }
  }

  /// The branch that looks best is best.
  package static func earlyWinner() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "early winner",
      [
        "model=choice(a, b, c)", "p=float(0, 1) if model == a", "q=float(0, 1) if model == a",
        "r=float(0, 1) if model == a", "s=float(0, 1) if model == b",
        "t=float(0, 1) if model == b", "u=float(0, 1) if model == c",
      ],
      parent: "model", best: "a", optimum: 0,
      at: ["model": .text("a"), "p": .float(0.35), "q": .float(0.6), "r": .float(0.15)]
    ) { x in
      switch x.choice("model") {
      case "a":
        x.bowl(
          ("p", at: 0.35, weight: 1), ("q", at: 0.6, weight: 0.7), ("r", at: 0.15, weight: 0.5))
      case "b": 0.4 + x.bowl(("s", at: 0.5, weight: 1), ("t", at: 0.5, weight: 1))
      default: 0.3 + x.bowl(("u", at: 0.2, weight: 0.6))
      }
    }
  }

  /// Branches of one, three and eight parameters; the largest is best and takes longest.
  package static func unequalDimensions() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "unequal dimensions",
      ["size=choice(small, middle, large)", "s=float(0, 1) if size == small"]
        + (0..<3).map { "m\($0)=float(0, 1) if size == middle" }
        + (0..<8).map { "l\($0)=float(0, 1) if size == large" },
      parent: "size", best: "large", optimum: 0,
      at: Dictionary(
        uniqueKeysWithValues: [("size", .text("large"))]
          + (0..<8).map { ("l\($0)", .float(0.25 + 0.0625 * Double($0))) })
    ) { x in
      switch x.choice("size") {
      case "small": return 0.25 + x.bowl(("s", at: 0.7, weight: 0.3))
      case "middle":
        return 0.15
          + x.bowl(
            ("m0", at: 0.2, weight: 0.5), ("m1", at: 0.7, weight: 0.5), ("m2", at: 0.4, weight: 0.5)
          )
      default:
        return (0..<8).reduce(0) { sum, place in
          sum
            + x.bowl(
              ("l\(place)", at: 0.25 + 0.0625 * Double(place), weight: 0.8 / Double(1 + place)))
        }
      }
    }
  }
}
