internal import OuterloopPlatform
internal import OuterloopStudy

extension ConditionalTestProblem {
  /// A branch that is the worst except in a narrow region, where it is the best.
  package static func narrowRegion() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "narrow region",
      [
        "kernel=choice(linear, radial, poly)", "c=log(1e-3, 1e3)",
        "gamma=log(1e-6, 1e2) if kernel == radial", "degree=int(2, 6) if kernel == poly",
        "offset=float(0, 1) if kernel == poly",
      ],
      parent: "kernel", best: "radial", optimum: 0.1,
      at: ["kernel": .text("radial"), "c": .float(10), "gamma": .float(1e-2)]
    ) { x in
      switch x.choice("kernel") {
      case "linear": return 0.3 + x.bowl(("c", at: 0.5, weight: 0.1))
      case "poly":
        return 0.28
          + x.bowl(
            ("c", at: 0.4, weight: 0.1), ("degree", at: 0.3, weight: 0.1),
            ("offset", at: 0.5, weight: 0.1))
      default:
        // A dent of width 0.15 in a plain.
        let dent = exp(
          -x.bowl(("c", at: 2.0 / 3, weight: 1), ("gamma", at: 0.5, weight: 1)) / 0.045)
        return 0.5 - 0.4 * dent
      }
    }
  }

  /// Conditions under conditions, with branches at two levels.
  package static func nested() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "nested",
      [
        "model=choice(svm, network)", "c=log(1e-3, 1e3) if model == svm",
        "kernel=choice(linear, radial) if model == svm", "gamma=log(1e-4, 1) if kernel == radial",
        "depth=int(1, 8) if model == network", "solver=choice(adam, sgd) if model == network",
        "rate=log(1e-5, 1) if model == network", "momentum=float(0, 1) if solver == sgd",
        "decay=log(1e-6, 1) if solver == sgd",
      ],
      parent: "model", best: "network", optimum: 0,
      at: [
        "model": .text("network"), "depth": .int(6), "solver": .text("sgd"), "rate": .float(0.1),
        "momentum": .float(0.9), "decay": .float(1e-4),
      ]
    ) { x in
      if x.choice("model") == "svm" {
        return x.choice("kernel") == "linear"
          ? 0.25 + x.bowl(("c", at: 0.3, weight: 0.2))
          : 0.18 + x.bowl(("c", at: 0.7, weight: 0.4), ("gamma", at: 0.4, weight: 0.6))
      }
      let depth = x.bowl(("depth", at: 5.5 / 8, weight: 0.5))
      if x.choice("solver") == "adam" { return 0.15 + depth + x.bowl(("rate", at: 0.4, weight: 1)) }
      return depth
        + x.bowl(
          ("rate", at: 0.8, weight: 1.5), ("momentum", at: 0.9, weight: 0.6),
          ("decay", at: 1.0 / 3, weight: 0.4))
    }
  }

  /// Six branches whose minima lie close to one another.
  package static func manyBranches() throws -> ConditionalTestProblem {
    let names = ["a", "b", "c", "d", "e", "f"]
    return try ConditionalTestProblem(
      "many branches",
      ["arm=choice(\(names.joined(separator: ", ")))"]
        + names.flatMap {
          ["\($0)1=float(0, 1) if arm == \($0)", "\($0)2=float(0, 1) if arm == \($0)"]
        },
      parent: "arm", best: "e", optimum: 0,
      at: ["arm": .text("e"), "e1": .float(0.75), "e2": .float(0.35)]
    ) { x in
      let arm = x.choice("arm")
      let place = Double(names.firstIndex(of: arm) ?? 0)
      // The minimum falls from 0.2 to 0 (at e) and the slopes rise.
      let least = [0.2, 0.16, 0.12, 0.08, 0, 0.1][Int(place)]
      return least
        + (1 + place / 2)
        * x.bowl(
          ("\(arm)1", at: 0.15 + 0.15 * place, weight: 0.6), ("\(arm)2", at: 0.35, weight: 0.4))
    }
  }

  /// Two parameters with branches, side by side, and two numbers that all share.
  package static func twoParents() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "two parents",
      [
        "rate=log(1e-5, 1)", "dropout=float(0, 0.8)", "optimizer=choice(adam, sgd)",
        "momentum=float(0, 1) if optimizer == sgd", "schedule=choice(none, step, cosine)",
        "every=int(1, 30) if schedule == step", "warmup=float(0, 1) if schedule == cosine",
        "last=float(0, 1) if schedule == cosine",
      ],
      parent: "optimizer", best: "sgd", optimum: 0,
      at: [
        "rate": .float(0.1), "dropout": .float(0.2), "optimizer": .text("sgd"),
        "momentum": .float(0.9), "schedule": .text("cosine"), "warmup": .float(0.1),
        "last": .float(0.05),
      ]
    ) { x in
      let isAdam = x.choice("optimizer") == "adam"
      let base =
        isAdam
        ? 0.08 + x.bowl(("rate", at: 0.45, weight: 0.8))
        : x.bowl(("rate", at: 0.8, weight: 1.6), ("momentum", at: 0.9, weight: 0.6))
      let schedule =
        switch x.choice("schedule") {
        case "none": 0.1
        case "step": 0.06 + x.bowl(("every", at: 0.4, weight: 0.2))
        default: x.bowl(("warmup", at: 0.1, weight: 0.3), ("last", at: 0.05, weight: 0.3))
        }
      return base + schedule + x.bowl(("dropout", at: 0.25, weight: 0.3))
    }
  }

  /// Boosters that work with defaults, and a network with a valley to follow: five parameters, two of
  /// which interact.
  package static func boosterOrNetwork() throws -> ConditionalTestProblem {
    try ConditionalTestProblem(
      "booster or network",
      [
        "model=choice(booster, network)", "eta=log(1e-3, 1) if model == booster",
        "depth=int(2, 12) if model == booster", "rounds=int(10, 1000, log) if model == booster",
        "rate=log(1e-6, 1) if model == network", "batch=int(8, 1024, log) if model == network",
        "width=int(8, 1024, log) if model == network", "dropout=float(0, 1) if model == network",
        "act=choice(tanh, relu, gelu) if model == network",
      ],
      parent: "model", best: "network", optimum: 0.05,
      at: [
        "model": .text("network"), "rate": .float(1e-3), "batch": .int(90), "width": .int(1024),
        "dropout": .float(0.4), "act": .text("gelu"),
      ]
    ) { x in
      if x.choice("model") == "booster" {
        return 0.2
          + x.bowl(
            ("eta", at: 0.6, weight: 0.15), ("depth", at: 0.5, weight: 0.1),
            ("rounds", at: 0.8, weight: 0.15))
      }
      // 0.4999 is the position of a batch of 90 between 8 and 1024, with half a step at either end.
      let (rate, batch) = (x.unit("rate") - 0.5, x.unit("batch") - 0.4986)
      let valley = rate - 0.6 * batch
      let act = ["tanh": 0.15, "relu": 0.05][x.choice("act"), default: 0]
      return 0.05 + act + 3 * valley * valley + 0.4 * batch * batch
        + x.bowl(("width", at: 1, weight: 0.3), ("dropout", at: 0.4, weight: 0.4))
    }
  }
}
