import Testing

@testable import OuterloopLab

@Suite struct FingerprintTests {
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
