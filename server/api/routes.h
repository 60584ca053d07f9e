// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/api/api.h"

/// One function for each family of routes; the router keeps what it needs of `service`.
namespace easel::api {

void addJobRoutes(http::Router& router, const Service& service);
void addInputRoutes(http::Router& router, const Service& service);
void addQueueRoutes(http::Router& router, const Service& service);
void addInfoRoutes(http::Router& router, const Service& service);
void addAddonRoutes(http::Router& router, const Service& service);
void addModelRoutes(http::Router& router, const Service& service);
void addDeviceRoutes(http::Router& router, const Service& service);
void addKeyRoutes(http::Router& router, Door& door);
void addLoginRoutes(http::Router& router, Door& door);
void addPairingRoutes(http::Router& router, Door& door);
void addHubRoutes(http::Router& router, const Service& service);
void addPullRoutes(http::Router& router, const Service& service);
void addLogRoutes(http::Router& router, const Service& service);
void addTokenRoutes(http::Router& router, const Service& service);
void addPageRoutes(http::Router& router, const Service& service);

}  // namespace easel::api
