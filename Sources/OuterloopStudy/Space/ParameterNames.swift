/// The names of a space's parameters, found in both directions in O(1), shared by all its
/// configurations.
package struct ParameterNames: Sendable {
  package private(set) var all: [String] = []
  private var indices: [String: Int] = [:]

  package init() {}

  package func index(of name: String) -> Int? { indices[name] }

  mutating func append(_ name: String) {
    indices[name] = all.count
    all.append(name)
  }
}
