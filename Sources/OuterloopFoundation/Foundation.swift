// Foundation, or as much of it as is enough here: who imports this room has it.
#if canImport(FoundationEssentials)
  @_exported public import FoundationEssentials
#else
  @_exported public import Foundation
#endif
