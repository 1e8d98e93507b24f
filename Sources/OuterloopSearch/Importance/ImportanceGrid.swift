internal import OuterloopNumerics
private import OuterloopPlatform
internal import OuterloopStudy

/// The grid on which PED-ANOVA compares densities of a parameter, and Parzen densities on it.
///
/// Numbers are rounded to at most `steps` evenly spaced values, on their scale; integers on a log scale to at
/// most ceil(log2(high - low + 1)) + 1 of them. Ordinals are treated as integers, choices are their own grid.
struct ImportanceGrid {
  let count: Int
  private let domain: Domain
  private let isChoice: Bool
  private let low: Double
  private let step: Double
  private let isLog: Bool

  /// Nil for a domain with a single value.
  init?(_ domain: Domain, steps: Int) {
    guard domain.count != 1 else { return nil }
    self.domain = domain
    if case .categorical(let choices) = domain {
      (count, isChoice, low, step, isLog) = (choices.count, true, 0, 1, false)
      return
    }
    isChoice = false
    guard let range = domain.range else {
      let values = domain.count ?? 1
      (count, low, isLog) = (min(values, steps), 0, false)
      step = Double(values - 1) / Double(count - 1)
      return
    }
    isLog = range.isLog
    var count = steps
    if case .int = domain, range.isLog {
      let bits = (log(range.high - range.low + 1) / log(2)).rounded(.up)
      count = min(Int(bits) + 1, steps)
    } else if let step = range.step {
      count = Int(min(((range.high - range.low) / step).rounded() + 1, Double(steps)))
    }
    self.count = count
    low = isLog ? log(range.low) : range.low
    let high = isLog ? log(range.high) : range.high
    step = (high - low) / Double(count - 1)
  }

  /// The grid value nearest to a value of the domain; the lower one in a tie.
  func place(of value: ParameterValue) -> Int? {
    guard domain.range != nil else {
      guard let index = domain.index(of: value) else { return nil }
      return isChoice ? index : place(at: Double(index))
    }
    guard let number = value.number else { return nil }
    return place(at: isLog ? log(number) : number)
  }

  private func place(at coordinate: Double) -> Int? {
    let place = ((coordinate - low) / step - 0.5).rounded(.up)
    guard !place.isNaN else { return nil }
    return place <= 0 ? 0 : place >= Double(count - 1) ? count - 1 : Int(place)
  }

  // MARK: Densities

  /// The probability of every grid value, from the observation counts: a kernel for each observed value, its
  /// weight the count, and a prior of weight 1.
  func density(_ counts: [Int]) -> [Double] {
    let observed = counts.indices.filter { counts[$0] > 0 }
    guard !observed.isEmpty else { return counts.map { _ in 1 / Double(count) } }
    let total = Double(counts.reduce(0, +) + 1)
    return isChoice ? choices(counts, observed, total) : numbers(counts, observed, total)
  }

  /// Kernels of 1 + 1/k at the value and 1/k elsewhere, normalised, for k kernels; the prior is uniform.
  private func choices(_ counts: [Int], _ observed: [Int], _ total: Double) -> [Double] {
    let share = 1 / Double(observed.count + 1)
    let sum = 1 + share * Double(count)
    let shared = (total - 1) / total * share / sum + 1 / total / Double(count)
    return counts.map { shared + Double($0) / total / sum }
  }

  /// Normal kernels in units of the grid, truncated to it, with Scott's bandwidth
  ///
  ///     max(1.059 min(interquartile range / 1.34, standard deviation) n^-.2, .5 / 1.64)
  ///
  /// and a prior in the middle, as wide as the grid.
  private func numbers(_ counts: [Int], _ observed: [Int], _ total: Double) -> [Double] {
    let last = Double(count - 1)
    let width = bandwidth(counts, observed)
    var result = [Double](repeating: 0, count: count)
    func add(_ mean: Double, _ deviation: Double, _ weight: Double) {
      let whole = StandardNormal.mass((-0.5 - mean) / deviation, (last + 0.5 - mean) / deviation)
      for place in 0..<count {
        let left = (Double(place) - 0.5 - mean) / deviation
        let right = (Double(place) + 0.5 - mean) / deviation
        result[place] += weight * StandardNormal.mass(left, right) / whole
      }
    }
    for place in observed { add(Double(place), width, Double(counts[place]) / total) }
    add(last / 2, last + 1, 1 / total)
    return result
  }

  private func bandwidth(_ counts: [Int], _ observed: [Int]) -> Double {
    let n = counts.reduce(0, +)
    let mean = observed.reduce(0.0) { $0 + Double($1 * counts[$1]) } / Double(n)
    let squares = observed.reduce(0.0) { sum, place in
      sum + (Double(place) - mean) * (Double(place) - mean) * Double(counts[place])
    }
    let deviation = (squares / Double(max(1, n - 1))).squareRoot()
    // Quartiles by whole numbers of observations.
    var (first, third) = (observed.count - 1, observed.count - 1)
    var (isFirstFound, sum) = (false, 0)
    for (index, place) in observed.enumerated() {
      sum += counts[place]
      if !isFirstFound, sum >= n / 4 { (first, isFirstFound) = (index, true) }
      if sum > n * 3 / 4 {
        third = index
        break
      }
    }
    let range = Double(observed[third] - observed[first])
    let scott = 1.059 * min(range / 1.34, deviation) * pow(Double(n), -0.2)
    return max(scott, 0.5 / 1.64)
  }
}
