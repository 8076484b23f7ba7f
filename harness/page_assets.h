/* SPDX-License-Identifier: MIT
 *
 * What every HTML page has inside: scripts/report/report.css and report.js, as they were when the
 * program was built. */
#ifndef MLABENCH_PAGE_ASSETS_H
#define MLABENCH_PAGE_ASSETS_H

extern const char page_style[], page_script[]; /* texts that end with 0 */

#endif
