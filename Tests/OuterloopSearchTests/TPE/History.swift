import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy

/// Made-up observations of a parameter.
enum History {
  /// A third spread over the range, a third in a narrow heap, some at the ends, some repeated.
  static func values(_ domain: ParameterDomain, _ count: Int, seed: UInt64) -> [Double] {
    var uniforms = UniformStream(
      key: RandomKey(seed: seed, purpose: "history"), expecting: 3 * count + 1)
    var values: [Double] = []
    for _ in 0..<count {
      let kind = uniforms.next()
      let u = uniforms.next()
      let again = uniforms.next()
      let place =
        kind < 0.35 ? u : kind < 0.7 ? 0.3 + 0.02 * u : kind < 0.8 ? 0 : kind < 0.85 ? 1 : u
      if kind > 0.93, !values.isEmpty {
        values.append(values[Int(again * Double(values.count))])
        continue
      }
      switch domain {
      case .categorical(let choices):
        values.append(min((place * place * Double(choices)).rounded(.down), Double(choices - 1)))
      case .numeric(let numeric):
        values.append(numeric.value(atCoordinate: numeric.start + place * numeric.width))
      }
    }
    return values
  }
}
