import Testing

@testable import OuterloopLab

@Suite struct NumberFormTests {
  @Test(arguments: [
    (0.5, 2, "0.50"), (0, 4, "0.0000"), (-0.001, 2, "0.00"), (12.345, 1, "12.3"), (-2.5, 0, "-3"),
    (0.999, 2, "1.00"), (.infinity, 2, "inf"), (.nan, 2, "nan"), (1e20, 2, "1e+20"),
  ])
  func fixed(_ value: Double, _ digits: Int, _ text: String) {
    #expect(NumberForm.fixed(value, digits: digits) == text)
  }

  @Test func fingerprintsTellBytesApart() {
    func print(_ bytes: [UInt8]) -> String {
      var hash = Fingerprint()
      bytes.withUnsafeBytes { hash.add($0) }
      return hash.text
    }
    var seen: Set<String> = []
    for count in 0..<40 { seen.insert(print([UInt8](repeating: 0, count: count))) }
    for place in 0..<40 {
      for bit in 0..<8 {
        var bytes = [UInt8](repeating: 0, count: 40)
        bytes[place] = 1 << bit
        seen.insert(print(bytes))
      }
    }
    #expect(seen.count == 360)
    #expect(seen.allSatisfy { $0.count == 16 })
  }
}
