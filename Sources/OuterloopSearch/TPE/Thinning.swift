/// Which of very many bad trials a joint density is made of: all of the newest, since points that
/// still run or were just found bad must keep the next proposal away; and of the older ones an even
/// sample, each of which stands for several.
///
/// Whether a trial is kept follows from its number and from how many trials there are, never from
/// when that was asked; and a trial that has been left out stays out as trials come, so that it can be
/// forgotten. The sample is of the numbers whose multiple of the golden ratio has a small fractional
/// part: as even as every n-th number, but out of step with anything periodic in numbers (workers,
/// brackets).
package struct Thinning: Sendable, Equatable {
  /// How many trials an older one stands for: a power of the root of two, so that what is kept is
  /// looked through only when trials have grown by as much.
  package private(set) var share = 1.0
  /// The first number of the newest.
  package private(set) var newest = 0

  /// Nothing is left out.
  package init() {}

  /// For `trials` trials and about `limit` kernels at most, an eighth of them the newest; `next` is the
  /// number that follows those of all trials. Up to `limit` trials are all kept; a limit of 0 is none.
  package init(limit: Int, trials: Int, next: Int) {
    guard limit > 0, trials > limit else { return }
    let window = limit / 8
    while Double(window) + Double(trials - window) / share > Double(limit) {
      share *= 2.squareRoot()
    }
    newest = max(next - window, 0)
  }

  /// How many trials this one stands for in the density; 0: it is left out.
  package func share(of number: Int) -> Double {
    if number >= newest { return 1 }
    let fraction = Double(UInt64(number) &* 0x9E37_79B9_7F4A_7C15) * 0x1p-64
    return fraction * share < 1 ? share : 0
  }
}
