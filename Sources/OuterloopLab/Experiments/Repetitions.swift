/// Mean and spread over repetitions.
struct Repetitions {
  let values: [Double]

  var mean: Double { values.reduce(0, +) / Double(Swift.max(values.count, 1)) }

  var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Half the width of the 95 % confidence interval of the mean, with the normal quantile 1.96, as
  /// in papers; 0 for one repetition.
  var interval: Double {
    guard values.count > 1 else { return 0 }
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return 1.96 * (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
  }
}
