import OuterloopBilevel
import OuterloopLearning

extension AbuseRoom {
  mutating func addLabelErrors() {
    add("LabelErrorFinder.init") { LabelErrorFinder() }
    let data: @Sendable ([Float], Int) throws -> LabeledData = { values, columns in
      let rows = 12
      let features = (0..<rows * columns).map { values[$0 * 7 % values.count] }
      return try LabeledData(
        shape: [columns], features: features, labels: (0..<rows).map { Int32($0 % 3) },
        classNames: ["a", "b", "c"], source: "abuse")
    }
    let values: [[Float]] = [
      [0], [1, 2, 3, 4, 5], [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0],
      [.leastNonzeroMagnitude, 0, 1], [.nan, 1], [.infinity, 0],
    ]
    add("LabelErrorFinder.find", values, [0, 1, 3, 1600], LabelErrorFinder.Model.allCases) {
      values, columns, model in
      try changed(LabelErrorFinder()) { $0.model = model }.find(in: data(values, columns))
        .suspicious
    }
    add("LabelErrorFinder.find", Edges.integers, Edges.sizes) { folds, repeats in
      var finder = LabelErrorFinder()
      (finder.folds, finder.repeats, finder.seed) = (folds, repeats, .max)
      return try finder.find(in: data([1, 2, 4, 3], 2)).suspicious
    }
    refuse("LabelErrorFinder.find", [0, 1, 11, 13]) { count in
      try LabelErrorFinder().find(
        in: data([1, 2, 4, 3], 2), trusted: [Bool](repeating: true, count: count))
    }
    add("LabelErrorFinder.find", [true, false]) { isTrusted in
      try LabelErrorFinder().find(
        in: data([1, 2, 4, 3], 2), trusted: [Bool](repeating: isTrusted, count: 12))
    }
  }
}
