// ICU's data, with nothing in it: Foundation brings 30 MB of it for calendars and languages, and nothing in the
// command reads any. An empty table of contents, in the form that ICU documents (udata.h, ucmndata.h).
struct header {
  unsigned short header_size;
  unsigned char magic[2];
  unsigned short info_size, reserved;
  unsigned char is_big_endian, charset_family, size_of_char, padding;
  unsigned char format[4], format_version[4], data_version[4];
  unsigned char rest[8];
  unsigned int count, end;
};

#define JOIN(a, b, c) a##b##c
#define NAME(version) JOIN(icudt, version, _dat)

__attribute__((aligned(16))) const struct header NAME(ICU_VERSION) = {
    .header_size = 32, .magic = {0xda, 0x27}, .info_size = 20, .size_of_char = 2,
    .format = {'T', 'o', 'C', 'P'}, .format_version = {1}};
