#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Removes a file, if it is there.
func removeFile(_ path: String) { unlink(path) }
