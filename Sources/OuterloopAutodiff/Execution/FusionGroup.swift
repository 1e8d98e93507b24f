/// A set of elementwise operations, and the reductions in them, that run as one pass over a domain
/// of rows x columns elements.
struct FusionGroup {
  var count: Int
  /// Fixed by the first broadcast or reduction that needs it; nil for a purely linear domain.
  var split: (rows: Int, columns: Int)?
  /// Member nodes in order, with the width of their values.
  var members: [(node: Int, width: Pattern.Width)] = []
  private var widths: [Int: Pattern.Width] = [:]
  /// Members whose value is complete only after the pass.
  var late: Set<Int> = []

  init(count: Int, split: (rows: Int, columns: Int)?) {
    self.count = count
    self.split = split
  }

  func width(of node: Int) -> Pattern.Width? { widths[node] }

  mutating func append(_ node: Int, _ width: Pattern.Width, late isLate: Bool) {
    members.append((node, width))
    widths[node] = width
    if isLate { late.insert(node) }
  }

  /// Absorbs the members of another group of the same domain.
  mutating func absorb(_ other: FusionGroup) {
    members = (members + other.members).sorted { $0.node < $1.node }
    widths.merge(other.widths) { own, _ in own }
    late.formUnion(other.late)
    split = split ?? other.split
  }

  /// Absorbs a group of a narrower domain, whose values have the given width here.
  mutating func absorb(_ other: FusionGroup, as width: Pattern.Width) {
    members = (members + other.members.map { ($0.node, width) }).sorted { $0.node < $1.node }
    for (node, _) in other.members { widths[node] = width }
  }

  mutating func removeAll() {
    members = []
    widths = [:]
    late = []
  }

  func admits(_ pattern: Pattern) -> Bool {
    guard pattern.width != .one, let split else { return true }
    return split.rows == pattern.rows && split.columns == pattern.columns
  }
}
