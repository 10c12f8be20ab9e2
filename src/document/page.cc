// SPDX-License-Identifier: MIT
#include "document/page.h"

// The assembler takes the files as they are: half a megabyte of string literal would cost the compiler seconds.
#define MIA_EMBED(name, file)                                                                                      \
  __asm__(".pushsection .rodata\n.globl " #name "\n" #name ":\n.incbin \"" file "\"\n.globl " #name "_end\n" #name \
          "_end:\n.byte 0\n.popsection\n");                                                                        \
  extern "C" const char name[];                                                                                    \
  extern "C" const char name##_end[]

MIA_EMBED(mia_page_script, MIA_PAGE_SCRIPT);
MIA_EMBED(mia_page_style, MIA_PAGE_STYLE);
MIA_EMBED(mia_page_live, MIA_PAGE_LIVE);

namespace mia::document {

PageParts page_parts() {
  return {{mia_page_script, mia_page_script_end}, {mia_page_style, mia_page_style_end},
          {mia_page_live, mia_page_live_end},     "sha256-" MIA_PAGE_SCRIPT_HASH,
          "sha256-" MIA_PAGE_LIVE_HASH,           "sha256-" MIA_PAGE_STYLE_HASH,
          "sha256-" MIA_PLOT_STYLE_HASH};
}

}  // namespace mia::document
