// The C library of the system, whatever it is called: who imports this room has it.
#if canImport(Glibc)
  @_exported public import Glibc
#elseif canImport(Musl)
  @_exported public import Musl
#else
  @_exported public import Darwin
#endif

/// Functions of the C library under names of their own, for places where the plain name means something
/// else: a method of the same name hides it.
package enum CLibrary {
  package typealias SignalHandler = @convention(c) (Int32) -> Void

  #if canImport(Glibc)
    package static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
      Glibc.open(path, flags, mode)
    }
    package static func close(_ file: Int32) -> Int32 { Glibc.close(file) }
    package static func read(_ file: Int32, _ to: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      Glibc.read(file, to, count)
    }
    package static func write(_ file: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
      Glibc.write(file, from, count)
    }
    package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }
    @discardableResult
    package static func signal(_ number: Int32, _ action: SignalHandler?) -> SignalHandler? {
      Glibc.signal(number, action)
    }
    package static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    package static func log(_ x: Double) -> Double { Glibc.log(x) }
    package static func log10(_ x: Double) -> Double { Glibc.log10(x) }
  #elseif canImport(Musl)
    package static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
      Musl.open(path, flags, mode)
    }
    package static func close(_ file: Int32) -> Int32 { Musl.close(file) }
    package static func read(_ file: Int32, _ to: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      Musl.read(file, to, count)
    }
    package static func write(_ file: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
      Musl.write(file, from, count)
    }
    package static func exit(_ status: Int32) -> Never { Musl.exit(status) }
    @discardableResult
    package static func signal(_ number: Int32, _ action: SignalHandler?) -> SignalHandler? {
      Musl.signal(number, action)
    }
    package static func exp(_ x: Double) -> Double { Musl.exp(x) }
    package static func log(_ x: Double) -> Double { Musl.log(x) }
    package static func log10(_ x: Double) -> Double { Musl.log10(x) }
  #else
    package static func open(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
      Darwin.open(path, flags, mode)
    }
    package static func close(_ file: Int32) -> Int32 { Darwin.close(file) }
    package static func read(_ file: Int32, _ to: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      Darwin.read(file, to, count)
    }
    package static func write(_ file: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
      Darwin.write(file, from, count)
    }
    package static func exit(_ status: Int32) -> Never { Darwin.exit(status) }
    @discardableResult
    package static func signal(_ number: Int32, _ action: SignalHandler?) -> SignalHandler? {
      Darwin.signal(number, action)
    }
    package static func exp(_ x: Double) -> Double { Darwin.exp(x) }
    package static func log(_ x: Double) -> Double { Darwin.log(x) }
    package static func log10(_ x: Double) -> Double { Darwin.log10(x) }
  #endif
}
