internal import OuterloopNumerics

/// An encoding of categorical values as equidistant points: choice i of up to 64 is 1/sqrt 2 in column i, so
/// that two are at distance 1.
///
/// More would need more columns than there are trials to distinguish them. They get random signs in 64
/// columns, whose distances are 1 up to about an eighth.
struct ChoiceCode: Sendable {
  private static let most = 64

  let count: Int
  /// 64 signs for each choice; empty where each choice has its own column.
  private let signs: [UInt64]

  init(count: Int) {
    self.count = count
    guard count > Self.most else {
      signs = []
      return
    }
    let bits = RandomKey(seed: 0, purpose: "choice-code").bits(2 * count)
    signs = (0..<bits.count / 2).map { UInt64(bits[2 * $0]) << 32 | UInt64(bits[2 * $0 + 1]) }
  }

  var columns: Int { min(count, Self.most) }

  /// The index of the choice at a quantile.
  func choice(atQuantile u: Double) -> Double {
    min((u * Double(count)).rounded(.down), Double(count - 1))
  }

  /// Writes a choice to columns that are 0.
  func write(_ choice: Int, to columns: inout [Double], at first: Int) {
    if signs.isEmpty {
      columns[first + choice] = 0.707106781186547524400844362105
    } else {
      let size = 0.0883883476483184405501055452631  // 1 / sqrt(2 * 64)
      for column in 0..<Self.most {
        columns[first + column] = signs[choice] >> UInt64(column) & 1 == 0 ? size : -size
      }
    }
  }
}
