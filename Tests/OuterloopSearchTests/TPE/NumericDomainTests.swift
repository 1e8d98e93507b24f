import OuterloopSearch
import Testing

@Suite struct NumericDomainTests {
  @Test func gridWidensByHalfAStep() throws {
    let domain = try NumericDomain(low: 1, high: 8, step: 2)
    #expect(domain.high == 7 && domain.start == 0 && domain.end == 8 && domain.gridCount == 4)
    #expect(domain.value(at: 3.9) == 3 && domain.value(at: -4) == 1 && domain.value(at: 99) == 7)
    #expect(domain.slot(of: 5.2) == 2 && domain.value(slot: 2) == 5)
  }

  @Test func highOnTheGridDespiteRounding() throws {
    let domain = try NumericDomain(low: 0, high: 0.3, step: 0.1)
    #expect(domain.gridCount == 4 && abs(domain.high - 0.3) < 1e-15)
  }

  @Test func thereAndBack() throws {
    for domain in [
      try NumericDomain(low: -1, high: 3),
      try NumericDomain(low: 1e-5, high: 4, isLogarithmic: true),
      try NumericDomain(low: 1, high: 90, step: 1, isLogarithmic: true), NumericDomain(levels: 4),
    ] {
      for place in [0, 0.1, 0.5, 0.77, 1] {
        let value = domain.value(at: domain.start + place * domain.width)
        #expect(value >= domain.low && value <= domain.high)
        let again = domain.value(at: domain.coordinate(of: value))
        #expect(abs(again - value) <= 1e-15 * abs(value))
        if domain.step != nil { #expect(domain.value(slot: domain.slot(of: value)) == value) }
      }
    }
  }

  /// A first value within half a step of zero keeps its place; all cells have a length.
  @Test(arguments: [(1.0, 8.0, 3.0), (0.5, 9, 1), (0.1, 1, 0.5)])
  func logarithmicGridsThatBeginNearZero(low: Double, high: Double, step: Double) throws {
    let domain = try NumericDomain(low: low, high: high, step: step, isLogarithmic: true)
    var end = domain.start
    for slot in 0..<(domain.gridCount ?? 0) {
      let (left, right) = domain.cell(of: domain.value(slot: slot))
      #expect(abs(left - end) < 1e-12 && right > left)
      end = right
    }
    #expect(abs(end - domain.end) < 1e-12)
  }

  @Test func refusals() {
    #expect(throws: NumericDomainError.bounds(low: 2, high: 1)) {
      try NumericDomain(low: 2, high: 1)
    }
    #expect(throws: NumericDomainError.bounds(low: 0, high: .infinity)) {
      try NumericDomain(low: 0, high: .infinity)
    }
    #expect(throws: NumericDomainError.step(0)) { try NumericDomain(low: 0, high: 1, step: 0) }
    #expect(throws: NumericDomainError.logarithm(low: 0)) {
      try NumericDomain(low: 0, high: 1, isLogarithmic: true)
    }
    #expect("\(NumericDomainError.step(-1))".contains("positive"))
  }
}
