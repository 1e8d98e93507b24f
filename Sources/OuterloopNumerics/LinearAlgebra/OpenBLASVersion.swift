/// A version of OpenBLAS, ordered: `0.3.21`.
package struct OpenBLASVersion: Sendable, Equatable, Comparable, CustomStringConvertible {
  package let major, minor, patch: Int

  package init(_ major: Int, _ minor: Int, _ patch: Int) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// The first three numbers of `0.3.21`, `0.3.34.481.3` or `0.3.29.dev`; nil when there are none.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3 else { return nil }
    var numbers: [Int] = []
    for part in parts.prefix(3) {
      guard let number = Int(part.prefix { $0.isASCII && $0.isNumber }), number >= 0 else {
        return nil
      }
      numbers.append(number)
    }
    self.init(numbers[0], numbers[1], numbers[2])
  }

  package var description: String { "\(major).\(minor).\(patch)" }

  package static func < (a: OpenBLASVersion, b: OpenBLASVersion) -> Bool {
    (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
  }
}
