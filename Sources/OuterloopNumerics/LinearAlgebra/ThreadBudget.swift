internal import COuterloopKernels
internal import Synchronization

/// How many threads one numerical program may use, and which instruction set its kernels run on.
///
/// Results do not depend on the number of threads: work is divided by size alone. Set it to 1 in a
/// process that runs several trials side by side.
public enum ThreadBudget {
  private static let budget = Mutex<Int?>(nil)

  /// More threads than this are never used.
  private static let most = 64

  /// The number of threads, 1 to 64; by default the number of cores the process may use, or
  /// `OUTERLOOP_THREADS`. Values out of range are clamped.
  public static var threads: Int {
    get { budget.withLock { $0 ?? initial } }
    set { budget.withLock { $0 = Swift.min(Swift.max(1, newValue), most) } }
  }

  private static let initial: Int = {
    if let text = ProcessEnvironment["OUTERLOOP_THREADS"], let value = Int(text), value > 0 {
      return Swift.min(value, most)
    }
    return Swift.min(Int(ol_core_count()), most)
  }()

  /// The instruction set of the elementwise kernels: `avx512`, `avx2` or `baseline`.
  public static var instructionSet: String { String(cString: ol_isa_name()) }

  /// Extensions of x86-64 that the processor has and the operating system supports, as far as
  /// linear algebra uses them: `avx`, `avx2`, `fma`, `avx512f`, ... Empty elsewhere.
  public static var processorExtensions: [String] { Processor.current.extensions.names }
}
