import OuterloopText
import Testing

@Suite struct NumberTextTests {
  @Test(arguments: [
    (0.5, 2, "0.50"), (0, 4, "0.0000"), (-0.001, 2, "0.00"), (12.345, 1, "12.3"), (-2.5, 0, "-3"),
    (0.999, 2, "1.00"), (.infinity, 2, "inf"), (.nan, 2, "nan"), (1e20, 2, "1e+20"),
    (1.005, 1, "1.0"), (0.05, 1, "0.1"), (123_456.789, 2, "123456.79"),
  ])
  func fixed(_ value: Double, _ digits: Int, _ text: String) {
    #expect(NumberText.fixed(value, digits: digits) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (1, "1"), (0.00125, "0.00125"), (3.2e-7, "3.2e-7"), (12_400, "12400"),
    (1_000_000, "1e6"), (9.99999, "10"), (-0.5, "-0.5"), (.leastNonzeroMagnitude, "4.941e-324"),
    (1.797e308, "1.797e308"),
  ]) func significant(_ value: Double, _ text: String) {
    #expect(NumberText.significant(value, digits: 4) == text)
  }
}
