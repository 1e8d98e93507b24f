internal import OuterloopPlatform

/// Memory of a tensor, aligned to a cache line and freed with its last owner.
package final class Storage: @unchecked Sendable {
  // Sendable because it is written only before it is shared, or while uniquely referenced.
  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int

  /// Blocks from this size on are aligned to a huge page, and the system is asked for huge pages: a
  /// trajectory of 100 MB then costs 50 page faults instead of 25,000.
  private static let hugePage = 2 << 20

  package init(byteCount: Int) {
    self.byteCount = byteCount
    let isLarge = byteCount >= 2 * Self.hugePage
    pointer = .allocate(
      byteCount: Swift.max(byteCount, 64), alignment: isLarge ? Self.hugePage : 64)
    #if os(Linux)
      if isLarge { madvise(pointer, byteCount, MADV_HUGEPAGE) }
    #endif
  }

  /// Memory of a size that is not known to fit into the machine.
  /// - Throws: `TensorError` where it does not.
  package static func checked(byteCount: Int, for use: String) throws(TensorError) -> Storage {
    try Memory.require(byteCount, for: use)
    return Storage(byteCount: byteCount)
  }

  deinit { pointer.deallocate() }
}
