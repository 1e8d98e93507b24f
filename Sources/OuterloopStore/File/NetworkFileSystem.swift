internal import OuterloopPlatform

/// File systems that other machines may write to. SQLite's log needs memory shared between all
/// readers and writers, which is impossible across a network.
enum NetworkFileSystem {
  /// The name of the file system that holds `path`, if it is one of them.
  static func name(holding path: String) -> String? {
    #if canImport(Darwin)
      var found = statfs()
      guard statfs(path, &found) == 0, found.f_flags & UInt32(MNT_LOCAL) == 0 else { return nil }
      return withUnsafeBytes(of: &found.f_fstypename) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
    #else
      return CLibrary.realPath(path).flatMap { name(holding: $0, mounts: mounts()) }
    #endif
  }

  /// From a table of mounts like `/proc/self/mounts`: device, folder, type, options.
  static func name(holding path: String, mounts: String) -> String? {
    var best = (length: -1, type: "")
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 3 else { continue }
      let folder = unescaped(fields[1])
      let isAbove = folder == "/" || path == folder || path.hasPrefix(folder + "/")
      // Of several mounts on one folder the last one counts.
      if isAbove, folder.utf8.count >= best.length {
        best = (folder.utf8.count, String(fields[2]))
      }
    }
    return isRemote(best.type) ? best.type : nil
  }

  private static func isRemote(_ type: String) -> Bool {
    let types: Set = [
      "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs",
      "coda", "ncpfs", "gfs2", "ocfs2", "orangefs", "glusterfs", "davfs",
    ]
    if types.contains(type) { return true }
    // FUSE carries local and remote file systems alike.
    let carried = ["sshfs", "s3fs", "rclone", "gluster", "gcsfuse", "goofys", "ceph", "mount-s3"]
    return type.hasPrefix("fuse") && carried.contains { type.contains($0) }
  }

  /// The table writes space, tab, newline and backslash as octal numbers.
  private static func unescaped(_ field: Substring) -> String {
    var text = String(field)
    for (code, character) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
      text = text.split(separator: code, omittingEmptySubsequences: false)
        .joined(separator: character)
    }
    return text
  }

  #if !canImport(Darwin)
    private static func mounts() -> String {
      guard let table = fopen("/proc/self/mounts", "r") else { return "" }
      defer { fclose(table) }
      var bytes: [UInt8] = []
      while case let byte = getc(table), byte != EOF {
        bytes.append(UInt8(truncatingIfNeeded: byte))
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  #endif
}
