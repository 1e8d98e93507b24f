import OuterloopStudy
import Testing

@Suite struct CoordinateTests {
  @Test func gridWidensByHalfAStep() throws {
    let domain = try NumericRange(1, 8, step: 2)
    #expect(domain.high == 7 && domain.start == 0 && domain.end == 8 && domain.count == 4)
    #expect([3.9, -4, 99].map(domain.value(atCoordinate:)) == [3, 1, 7])
    #expect(domain.index(nearest: 5.2) == 2 && domain.gridValue(2) == 5)
  }

  @Test func highOnTheGridDespiteRounding() throws {
    let domain = try NumericRange(0, 0.3, step: 0.1)
    #expect(domain.count == 4 && abs(domain.high - 0.3) < 1e-15)
  }

  @Test func thereAndBack() throws {
    for domain in [
      try NumericRange(-1, 3),
      try NumericRange(1e-5, 4, log: true),
      try NumericRange(1, 90, log: true, step: 1), try NumericRange(0, 3, step: 1),
    ] {
      for place in [0, 0.1, 0.5, 0.77, 1] {
        let value = domain.value(atCoordinate: domain.start + place * domain.width)
        #expect(value >= domain.low && value <= domain.high)
        let again = domain.value(atCoordinate: domain.coordinate(of: value))
        #expect(abs(again - value) <= 1e-15 * abs(value))
        if domain.step != nil { #expect(domain.gridValue(domain.index(nearest: value)) == value) }
      }
    }
  }

  /// A first value within half a step of zero keeps its place; all cells have a length.
  @Test(arguments: [(1.0, 8.0, 3.0), (0.5, 9, 1), (0.1, 1, 0.5)])
  func logarithmicGridsThatBeginNearZero(low: Double, high: Double, step: Double) throws {
    let domain = try NumericRange(low, high, log: true, step: step)
    var end = domain.start
    for slot in 0..<(domain.count ?? 0) {
      let (left, right) = domain.cell(of: domain.gridValue(slot))
      #expect(abs(left - end) < 1e-12 && right > left)
      end = right
    }
    #expect(abs(end - domain.end) < 1e-12)
  }
}
