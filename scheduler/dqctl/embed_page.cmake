# cmake -DPAGE=… -DOUTPUT=… -P embed_page.cmake: writes a header with the page's template as a constant.
file(READ ${PAGE} page)
file(WRITE ${OUTPUT} "// Generated from report_page.html.\n#pragma once\n\nnamespace dq::dqctl {\n\ninline constexpr char kReportPage[] = R\"page(${page})page\";\n\n}  // namespace dq::dqctl\n")
