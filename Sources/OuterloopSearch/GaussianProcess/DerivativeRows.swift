/// Partial derivatives observed in addition to outputs: separate rows in the covariance of a Gaussian
/// process, before those of the outputs.
package struct DerivativeRows: Sendable, Hashable {
  /// A column of a group, with its own length-scale.
  package struct Column: Sendable, Hashable, Comparable {
    package var group: Int
    package var column: Int

    package init(group: Int, column: Int) { (self.group, self.column) = (group, column) }

    package static func < (a: Column, b: Column) -> Bool {
      (a.group, a.column) < (b.group, b.column)
    }
  }

  /// df/dx_j at a point, j a column, in units of that column.
  package struct Row: Sendable, Hashable {
    /// The point's index.
    package var point: Int
    package var by: Column
    package var value: Double

    package init(point: Int, by column: Column, value: Double) {
      (self.point, by, self.value) = (point, column, value)
    }

    var group: Int { by.group }
    var column: Int { by.column }
  }

  package let rows: [Row]

  package init(_ rows: [Row]) { self.rows = rows }

  package static let none = DerivativeRows([])

  package var count: Int { rows.count }
  package var isEmpty: Bool { rows.isEmpty }

  /// Whether all are derivatives at these points, in groups that the points have.
  func belong(to points: KernelPoints) -> Bool {
    rows.allSatisfy { row in
      0..<points.count ~= row.point && 0..<points.columns.count ~= row.group
        && 0..<points.layout.groups[row.group].columns ~= row.column
        && (points.activity[row.group].isEmpty || points.activity[row.group][row.point] != 0)
    }
  }
}
