/// Memory of a tensor, aligned to a cache line and freed with its last owner.
package final class Storage: @unchecked Sendable {
  // Sendable because it is written only before it is shared, or while uniquely referenced.
  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int

  package init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = .allocate(byteCount: Swift.max(byteCount, 64), alignment: 64)
  }

  deinit { pointer.deallocate() }
}
