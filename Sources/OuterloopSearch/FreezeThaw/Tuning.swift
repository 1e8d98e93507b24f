package struct Tuning: Sendable, Hashable {
  package var values: [String: Double] = [:]
}
extension FreezeThawOptions {
  package mutating func set(_ name: String, _ value: Double) -> Bool {
    tuning.values[name] = value
    return true
  }
  func tuned(_ name: String, _ standard: Double) -> Double { tuning.values[name] ?? standard }
}
