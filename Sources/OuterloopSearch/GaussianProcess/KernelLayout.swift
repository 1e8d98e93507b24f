/// The coordinates of a kernel's inputs, and which of them share a length-scale.
///
/// Coordinates come in groups: those of a group exist together. A choice among c values is c columns
/// that share a length-scale, 1/sqrt 2 in the column of the choice and 0 elsewhere, so that two
/// choices are at distance 0 or 1.
package struct KernelLayout: Sendable, Hashable {
  package struct Group: Sendable, Hashable {
    /// The length-scale of each column, numbered from 0 within the group without gaps.
    package let lengthscales: [Int]
    /// Whether some points lack it.
    package let isConditional: Bool

    package init(lengthscales: [Int], isConditional: Bool = false) {
      self.lengthscales = lengthscales
      self.isConditional = isConditional
    }

    package var columns: Int { lengthscales.count }
    package var lengthscaleCount: Int { (lengthscales.max() ?? -1) + 1 }
  }

  package let groups: [Group]

  package init(groups: [Group]) { self.groups = groups }

  /// One group of `dimensions` columns, each with its own length-scale.
  package init(dimensions: Int) {
    self.init(groups: [Group(lengthscales: Array(0..<dimensions))])
  }
}

/// Points as a kernel's inputs, group by group.
package struct KernelPoints: Sendable {
  package let layout: KernelLayout
  package private(set) var count = 0
  /// By group: (count, columns) by rows. Inactive coordinates are 0.
  package private(set) var columns: [[Double]]
  /// By group: 1 where a point has the group, 0 where not; empty for groups that all points have.
  package private(set) var activity: [[Double]]

  package init(_ layout: KernelLayout) {
    self.layout = layout
    columns = layout.groups.map { _ in [] }
    activity = columns
  }

  /// - Parameters:
  ///   - columns: by group (count, columns) by rows.
  ///   - activity: by group, empty for groups that are not conditional.
  package init(
    _ layout: KernelLayout, count: Int, columns: [[Double]], activity: [[Double]]
  ) {
    precondition(columns.count == layout.groups.count && activity.count == columns.count)
    for (place, group) in layout.groups.enumerated() {
      precondition(columns[place].count == count * group.columns)
      precondition(activity[place].count == (group.isConditional ? count : 0))
    }
    (self.layout, self.count) = (layout, count)
    (self.columns, self.activity) = (columns, activity)
  }

  /// - Parameter point: by group the columns; nil: the point does not have it.
  package mutating func append(_ point: [[Double]?]) {
    precondition(point.count == layout.groups.count)
    count += 1
    for (place, group) in layout.groups.enumerated() {
      precondition(point[place].map { $0.count == group.columns } ?? group.isConditional)
      columns[place] += point[place] ?? [Double](repeating: 0, count: group.columns)
      if group.isConditional { activity[place].append(point[place] == nil ? 0 : 1) }
    }
  }

  package mutating func append(contentsOf others: KernelPoints) {
    precondition(others.layout == layout)
    count += others.count
    for place in columns.indices {
      columns[place] += others.columns[place]
      activity[place] += others.activity[place]
    }
  }

  /// The points of an index range.
  package func selecting(_ places: Range<Int>) -> KernelPoints {
    KernelPoints(
      layout, count: places.count,
      columns: zip(columns, layout.groups).map { all, group in
        Array(all[places.lowerBound * group.columns..<places.upperBound * group.columns])
      },
      activity: activity.map { $0.isEmpty ? [] : Array($0[places]) })
  }

  /// The points at some indices, in order.
  package func selecting(_ places: [Int]) -> KernelPoints {
    KernelPoints(
      layout, count: places.count,
      columns: zip(columns, layout.groups).map { all, group in
        places.flatMap { all[$0 * group.columns..<($0 + 1) * group.columns] }
      },
      activity: activity.map { all in all.isEmpty ? [] : places.map { all[$0] } })
  }
}
